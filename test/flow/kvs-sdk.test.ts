/** The AWS SDK for JavaScript against a server that asks for keys, nothing changed but the endpoint: the whole story of a stream. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeImageGenerationConfigurationCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  type ImageGenerationConfiguration,
  ListStreamsCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  TagResourceCommand,
  TagStreamCommand,
  UntagStreamCommand,
  UpdateDataRetentionCommand,
  UpdateImageGenerationConfigurationCommand,
  UpdateStreamCommand,
} from "@aws-sdk/client-kinesis-video";
import {
  type Fragment,
  GetClipCommand,
  GetImagesCommand,
  GetMediaForFragmentListCommand,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { GetMediaCommand } from "@aws-sdk/client-kinesis-video-media";
import { type ConsumedFrame, fragments, type MkvFragment } from "../../src/media/mkv/consumer.ts";
import { clientsOf, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { run } from "../support/run.ts";
import { putFile } from "../support/signed-put.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000;
type Payload = { Payload?: unknown };

function bytesOf({ Payload }: Payload): AsyncIterable<Uint8Array> & { destroy(): void } {
  return Payload as AsyncIterable<Uint8Array> & { destroy(): void };
}

async function take(answer: Payload, count: number): Promise<MkvFragment<ConsumedFrame>[]> {
  const out: MkvFragment<ConsumedFrame>[] = [];
  for await (const fragment of fragments(bytesOf(answer))) {
    out.push(fragment);
    if (out.length === count) break;
  }
  bytesOf(answer).destroy();
  return out;
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

suite("the AWS SDK", { timeout: 300_000, ...needs("ffmpeg", "mkvtoolnix") }, () => {
  test("streams, tags, retention, configurations; errors have KVS's names", async () => {
    await using scene = await guardedServer();
    const { control } = scene.clients;
    const made = await control.send(
      new CreateStreamCommand({
        ...{ StreamName: "door", MediaType: "video/h264", DataRetentionInHours: 24 },
        ...{ DeviceName: "cam_1", Tags: { place: "door" } },
      }),
    );
    assert.match(
      made.StreamARN ?? "",
      /^arn:aws:kinesisvideo:us-east-1:\d{12}:stream\/door\/\d{13}$/,
    );
    assert.ok(made.$metadata.requestId);
    const StreamARN = made.StreamARN ?? "";
    await assert.rejects(control.send(new CreateStreamCommand({ StreamName: "door" })), {
      name: "ResourceInUseException",
    });
    const describe = async () =>
      (await control.send(new DescribeStreamCommand({ StreamARN }))).StreamInfo;
    const info = await describe();
    assert.equal(info?.Status, "ACTIVE");
    assert.equal(info?.DeviceName, "cam_1");
    assert.ok(Math.abs((info?.CreationTime?.getTime() ?? 0) - Date.now()) < 60_000);
    const StreamName = "door";
    await control.send(new TagStreamCommand({ StreamName, Tags: { floor: "2", place: "gate" } }));
    await control.send(
      new TagResourceCommand({ ResourceARN: StreamARN, Tags: [{ Key: "owner", Value: "ann" }] }),
    );
    await control.send(new UntagStreamCommand({ StreamName, TagKeyList: ["floor"] }));
    const tags = { place: "gate", owner: "ann" };
    assert.deepEqual((await control.send(new ListTagsForStreamCommand({ StreamName }))).Tags, tags);
    const { Tags } = await control.send(new ListTagsForResourceCommand({ ResourceARN: StreamARN }));
    assert.deepEqual(Tags, tags);
    const many = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`t${i}`, ""]));
    await assert.rejects(control.send(new TagStreamCommand({ StreamName, Tags: many })), {
      name: "TagsPerResourceExceededLimitException",
    });
    const change = { StreamName, Operation: "INCREASE_DATA_RETENTION" } as const;
    await assert.rejects(
      control.send(
        new UpdateDataRetentionCommand({
          ...{ ...change, CurrentVersion: info?.Version, DataRetentionChangeInHours: 24 },
        }),
      ),
      { name: "VersionMismatchException" },
      "tags have changed the version",
    );
    const version = async () => (await describe())?.Version;
    await control.send(
      new UpdateDataRetentionCommand({
        ...{ ...change, CurrentVersion: await version(), DataRetentionChangeInHours: 24 },
      }),
    );
    await control.send(
      new UpdateStreamCommand({
        StreamARN,
        CurrentVersion: await version(),
        MediaType: "video/h265",
      }),
    );
    const after = await describe();
    assert.deepEqual([after?.DataRetentionInHours, after?.MediaType], [48, "video/h265"]);
    const images: ImageGenerationConfiguration = {
      ...{ Status: "ENABLED", ImageSelectorType: "SERVER_TIMESTAMP", SamplingInterval: 3000 },
      ...{
        Format: "JPEG",
        DestinationConfig: { Uri: "s3://bucket", DestinationRegion: "us-east-1" },
      },
    };
    await control.send(
      new UpdateImageGenerationConfigurationCommand({
        StreamName,
        ImageGenerationConfiguration: images,
      }),
    );
    const kept = await control.send(
      new DescribeImageGenerationConfigurationCommand({ StreamName }),
    );
    assert.deepEqual(kept.ImageGenerationConfiguration, images);
    for (let i = 0; i < 5; i++)
      await control.send(new CreateStreamCommand({ StreamName: `dog${i}` }));
    const names: (string | undefined)[] = [];
    for (let NextToken: string | undefined; ; ) {
      const page = await control.send(
        new ListStreamsCommand({
          ...{ MaxResults: 2, NextToken },
          StreamNameCondition: { ComparisonOperator: "BEGINS_WITH", ComparisonValue: "dog" },
        }),
      );
      names.push(...(page.StreamInfoList ?? []).map((one) => one.StreamName));
      NextToken = page.NextToken;
      if (NextToken === undefined) break;
    }
    assert.deepEqual(names, ["dog0", "dog1", "dog2", "dog3", "dog4"]);
    await assert.rejects(control.send(new DescribeStreamCommand({ StreamName: "no" })), {
      name: "ResourceNotFoundException",
    });
    await assert.rejects(control.send(new DescribeStreamCommand({})), {
      name: "InvalidArgumentException",
    });
    await assert.rejects(
      control.send(new DescribeStreamCommand({ StreamARN: StreamARN.replace(/\d+$/, "1") })),
      { name: "ResourceNotFoundException" },
    );
    await control.send(new DeleteStreamCommand({ StreamARN, CurrentVersion: await version() }));
    await assert.rejects(describe(), { name: "ResourceNotFoundException" });
  });

  test("media: every selector of GetMedia, lists of fragments, and their media", async () => {
    await using scene = await guardedServer();
    const { control } = scene.clients;
    const StreamName = "cam";
    await control.send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 24 }));
    const endpoint = async (APIName: "PUT_MEDIA" | "GET_MEDIA" | "LIST_FRAGMENTS") =>
      (await control.send(new GetDataEndpointCommand({ StreamName, APIName }))).DataEndpoint ?? "";
    const url = await endpoint("PUT_MEDIA");
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const credentials = scene.root;
    const { media, archived } = clientsOf(await endpoint("GET_MEDIA"), credentials);
    const acks = await putFile(
      { url, stream: StreamName, startMs: START * 1000, credentials },
      await makeMedia("short-groups"),
    );
    assert.ok(acks.some(({ EventType }) => EventType === "PERSISTED"));
    const listed: Fragment[] = [];
    const FragmentSelector = {
      FragmentSelectorType: "PRODUCER_TIMESTAMP",
      TimestampRange: {
        StartTimestamp: new Date(START * 1000),
        EndTimestamp: new Date((START + 3600) * 1000),
      },
    } as const;
    for (let NextToken: string | undefined; ; ) {
      const selector = NextToken === undefined ? { FragmentSelector } : { NextToken };
      const page = await archived.send(
        new ListFragmentsCommand({ StreamName, MaxResults: 3, ...selector }),
      );
      listed.push(...(page.Fragments ?? []));
      NextToken = page.NextToken;
      if (NextToken === undefined) break;
    }
    const numbers = listed.map(({ FragmentNumber }) => FragmentNumber ?? "");
    assert.ok(numbers.length >= 5);
    assert.deepEqual(numbers, [...numbers].sort());
    const get = async (StartSelector: object, count: number) =>
      (
        await take(
          await media.send(
            new GetMediaCommand({ StreamName, StartSelector: StartSelector as never }),
          ),
          count,
        )
      ).map(({ fragmentNumber }) => fragmentNumber);
    const [first, second, third] = numbers;
    assert.deepEqual(await get({ StartSelectorType: "EARLIEST" }, numbers.length), numbers);
    assert.deepEqual(await get({ StartSelectorType: "NOW" }, 1), [numbers.at(-1)]);
    assert.deepEqual(
      await get({ StartSelectorType: "FRAGMENT_NUMBER", AfterFragmentNumber: first }, 1),
      [second],
    );
    assert.deepEqual(
      await get({ StartSelectorType: "CONTINUATION_TOKEN", ContinuationToken: second }, 1),
      [third],
    );
    for (const [type, time] of [
      ["PRODUCER_TIMESTAMP", listed[2]?.ProducerTimestamp],
      ["SERVER_TIMESTAMP", listed[2]?.ServerTimestamp],
    ] as const) {
      const [found] = await get({ StartSelectorType: type, StartTimestamp: time }, 1);
      // Fragments that came within one ms cannot be told apart by the server's clock.
      const at = numbers.indexOf(found ?? "");
      if (type === "PRODUCER_TIMESTAMP") assert.equal(at, 2);
      else assert.ok(at >= 0 && at <= 2, `${at}`);
    }
    const picked = [numbers[3] ?? "", first ?? "", numbers[3] ?? ""];
    const list = await archived.send(
      new GetMediaForFragmentListCommand({ StreamName, Fragments: picked }),
    );
    assert.equal(list.ContentType, "video/webm");
    const body = await all(bytesOf(list));
    const two: MkvFragment<ConsumedFrame>[] = [];
    for await (const one of fragments([body])) two.push(one);
    assert.deepEqual(
      two.map(({ fragmentNumber }) => fragmentNumber),
      [first, numbers[3]],
    );
    using dir = tempDir("kvs");
    const path = `${dir.path}/list.mkv`;
    writeFileSync(path, body);
    const { stdout } = await run("mkvmerge", ["-J", path]);
    assert.deepEqual(JSON.parse(stdout).warnings, []);
    const ClipFragmentSelector = {
      ...FragmentSelector,
      TimestampRange: {
        StartTimestamp: new Date(START * 1000),
        EndTimestamp: new Date((START + 2) * 1000),
      },
    };
    const clip = await archived.send(new GetClipCommand({ StreamName, ClipFragmentSelector }));
    assert.equal(clip.ContentType, "video/mp4");
    const mp4 = `${dir.path}/clip.mp4`;
    writeFileSync(mp4, await all(bytesOf(clip)));
    const entries = "stream=codec_name,nb_frames";
    const probed = await run("ffprobe", [
      "-v",
      "error",
      "-show_entries",
      entries,
      "-of",
      "csv",
      mp4,
    ]);
    assert.match(probed.stdout, /^stream,h264,\d+/m);
    const images = await archived.send(
      new GetImagesCommand({
        ...{ StreamName, ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "JPEG" },
        ...{ StartTimestamp: new Date(START * 1000), EndTimestamp: new Date((START + 2) * 1000) },
        ...{ SamplingInterval: 500, MaxResults: 2 },
      }),
    );
    assert.equal(images.Images?.length, 2);
    assert.equal(
      Buffer.from(images.Images[0]?.ImageContent ?? "", "base64").readUInt16BE(0),
      0xffd8,
    );
    await assert.rejects(
      media.send(
        new GetMediaCommand({ StreamName: "none", StartSelector: { StartSelectorType: "NOW" } }),
      ),
      { name: "ResourceNotFoundException" },
    );
    await assert.rejects(
      media.send(
        new GetMediaCommand({
          StreamName,
          StartSelector: { StartSelectorType: "FRAGMENT_NUMBER" },
        }),
      ),
      { name: "InvalidArgumentException" },
    );
  });
});
