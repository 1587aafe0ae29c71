/** What is kept with a stream by KVS's operations, and what acts on it: tags, storage, notifications, images that a producer asks for. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeImageGenerationConfigurationCommand,
  DescribeMappedResourceConfigurationCommand,
  DescribeNotificationConfigurationCommand,
  DescribeStreamCommand,
  DescribeStreamStorageConfigurationCommand,
  type ImageGenerationConfiguration,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDataRetentionCommand,
  UpdateImageGenerationConfigurationCommand,
  UpdateNotificationConfigurationCommand,
  UpdateStreamCommand,
  UpdateStreamStorageConfigurationCommand,
} from "@aws-sdk/client-kinesis-video";
import { layoutOf } from "../support/ebml-layout.ts";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { ascii, el } from "../support/mkv-build.ts";
import { startReceiver } from "../support/receiver.ts";
import { signedPut } from "../support/signed-put.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const StreamName = "cam";

async function make({ clients }: GuardedServer, hours = 24): Promise<string> {
  const { StreamARN = "" } = await clients.control.send(
    new CreateStreamCommand({ StreamName, DataRetentionInHours: hours }),
  );
  return StreamARN;
}

/** A file with tags behind some of its Clusters, as the Producer SDK sends event metadata. */
async function tagged(tags: Readonly<Record<number, Readonly<Record<string, string>>>>) {
  const file = readFileSync(await makeMedia("h264-aac"));
  const clusters = layoutOf(file).filter(({ name }) => name === "Cluster");
  const parts: Uint8Array[] = [file.subarray(0, clusters[0]?.start)];
  for (const [i, { start, end }] of clusters.entries()) {
    parts.push(file.subarray(start, end));
    const simple = Object.entries(tags[i] ?? {}).map(([name, value]) =>
      el("67c8", Buffer.concat([el("45a3", ascii(name)), el("4487", ascii(value))])),
    );
    for (const one of simple) parts.push(el("1254c367", el("7373", one)));
  }
  // The Segment's size would end before the tags.
  const body = Buffer.concat(parts);
  const segment = body.indexOf(Buffer.from("18538067", "hex"));
  body.set(Buffer.from("01ffffffffffffff", "hex"), segment + 4);
  return body;
}

async function push({ url, root: credentials }: GuardedServer, body: Buffer): Promise<string[]> {
  const call = await signedPut({ url, stream: StreamName, startMs: START_MS, credentials });
  await call.write(body);
  call.end();
  const acks = await call.acks;
  const persisted = acks.filter(({ EventType }) => EventType === "PERSISTED");
  assert.equal(persisted.length, 3, JSON.stringify(acks.at(-1)));
  return persisted.map(({ FragmentNumber = "" }) => FragmentNumber);
}

async function images({ server }: GuardedServer): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of server.parts.archive.store.list("images/"))
    keys.push(...page.map(({ key }) => key));
  return keys;
}

suite("what KVS keeps with a stream", { timeout: 300_000 }, () => {
  test("tags, storage, versions, mapped resources, deletion", async () => {
    await using scene = await guardedServer();
    const { control } = scene.clients;
    const ResourceARN = await make(scene);
    const Tags = [
      { Key: "owner", Value: "ann" },
      { Key: "floor", Value: "2" },
    ];
    await control.send(new TagResourceCommand({ ResourceARN, Tags }));
    await control.send(new UntagResourceCommand({ ResourceARN, TagKeyList: ["floor", "none"] }));
    const kept = await control.send(new ListTagsForResourceCommand({ ResourceARN }));
    assert.deepEqual(kept.Tags, { owner: "ann" });
    const version = async () =>
      (await control.send(new DescribeStreamCommand({ StreamName }))).StreamInfo?.Version ?? "";
    const storage = async () =>
      (await control.send(new DescribeStreamStorageConfigurationCommand({ StreamName })))
        .StreamStorageConfiguration?.DefaultStorageTier;
    assert.equal(await storage(), "HOT");
    const old = await version();
    const warm = { StreamStorageConfiguration: { DefaultStorageTier: "WARM" as const } };
    await control.send(
      new UpdateStreamStorageConfigurationCommand({ StreamName, CurrentVersion: old, ...warm }),
    );
    assert.equal(await storage(), "WARM");
    const mismatch = { name: "VersionMismatchException" };
    const stale = { StreamName, CurrentVersion: old };
    for (const command of [
      new UpdateStreamStorageConfigurationCommand({ ...stale, ...warm }),
      new UpdateStreamCommand({ ...stale, MediaType: "video/h265" }),
      new UpdateDataRetentionCommand({
        ...{ ...stale, Operation: "DECREASE_DATA_RETENTION", DataRetentionChangeInHours: 1 },
      }),
      new DeleteStreamCommand({ StreamARN: ResourceARN, CurrentVersion: old }),
    ])
      await assert.rejects(control.send(command as never), mismatch, command.constructor.name);
    const mapped = await control.send(
      new DescribeMappedResourceConfigurationCommand({ StreamName }),
    );
    assert.deepEqual(mapped.MappedResourceConfigurationList, []);
    const busy = await signedPut({
      ...{ url: scene.url, stream: StreamName, startMs: START_MS, credentials: scene.root },
    });
    await busy.write(readFileSync(await makeMedia("short-groups")));
    await busy.until((acks) => acks.length > 3);
    const gone = { StreamARN: ResourceARN };
    await assert.rejects(control.send(new DeleteStreamCommand(gone)), {
      name: "ResourceInUseException",
    });
    busy.end();
    await busy.acks;
    await control.send(new DeleteStreamCommand({ ...gone, CurrentVersion: await version() }));
    await assert.rejects(version(), { name: "ResourceNotFoundException" });
    // Of the same name, but another one: the old ARN does not mean it.
    await make(scene);
    await assert.rejects(control.send(new ListTagsForResourceCommand({ ResourceARN })), {
      name: "ResourceNotFoundException",
    });
  });

  test("a notification is told of each marked fragment, in order, until it was taken; a topic is kept alone", async () => {
    await using scene = await guardedServer();
    await using receiver = await startReceiver();
    const { control } = scene.clients;
    const StreamArn = await make(scene);
    const { notifications } = scene.server.parts;
    const enable = (Uri: string) =>
      control.send(
        new UpdateNotificationConfigurationCommand({
          StreamName,
          NotificationConfiguration: { Status: "ENABLED", DestinationConfig: { Uri } },
        }),
      );
    await enable("arn:aws:sns:eu-central-1:000000000000:door");
    const kept = await control.send(new DescribeNotificationConfigurationCommand({ StreamName }));
    assert.match(kept.NotificationConfiguration?.DestinationConfig?.Uri ?? "", /^arn:aws:sns/);
    await enable(`${receiver.url}/kvs`);
    await notifications.round();
    const mark = { AWS_KINESISVIDEO_NOTIFICATION: "" };
    const numbers = await push(
      scene,
      await tagged({ 0: { ...mark, who: "ann" }, 1: { who: "bob" }, 2: mark }),
    );
    let refusals = 1;
    receiver.answer = (res) => void res.writeHead(refusals-- > 0 ? 500 : 204).end();
    await notifications.round();
    await notifications.round();
    await receiver.count(3);
    const told = receiver.received.map(({ body }) => JSON.parse(body));
    // The first was refused once.
    assert.deepEqual(
      told.map(({ FragmentNumber }) => FragmentNumber),
      [numbers[0], numbers[0], numbers[2]],
    );
    const { FragmentStartServerTimestamp, NotificationPayload, ...first } = told[1];
    // Beside what the muxer says of the file.
    assert.equal(NotificationPayload.who, "ann");
    assert.ok(!Object.keys(NotificationPayload).some((name) => name.startsWith("AWS_")));
    assert.ok(Math.abs(FragmentStartServerTimestamp - Date.now()) < 60_000);
    assert.deepEqual(first, {
      ...{ StreamArn, FragmentNumber: numbers[0], NotificationType: "PERSISTED" },
      FragmentStartProducerTimestamp: START_MS,
    });
    await notifications.round();
    assert.equal(receiver.received.length, 3, "each once");
    await control.send(new UpdateNotificationConfigurationCommand({ StreamName }));
    const { NotificationConfiguration } = await control.send(
      new DescribeNotificationConfigurationCommand({ StreamName }),
    );
    assert.equal(NotificationConfiguration, undefined);
  });

  test(
    "a producer's tags: an image of a fragment beside the sampled ones, under its prefix",
    needs("ffmpeg"),
    async () => {
      await using scene = await guardedServer();
      const { control } = scene.clients;
      await make(scene);
      const { imageJobs } = scene.server.parts;
      const settings: ImageGenerationConfiguration = {
        ...{ Status: "ENABLED", ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "JPEG" },
        ...{ SamplingInterval: 2500, HeightPixels: 90 },
        DestinationConfig: { Uri: "store:alarm", DestinationRegion: "eu-central-1" },
      };
      await control.send(
        new UpdateImageGenerationConfigurationCommand({
          ...{ StreamName, ImageGenerationConfiguration: settings },
        }),
      );
      const { ImageGenerationConfiguration } = await control.send(
        new DescribeImageGenerationConfigurationCommand({ StreamName }),
      );
      assert.deepEqual(ImageGenerationConfiguration, settings);
      await imageJobs.round();
      await push(
        scene,
        await tagged({
          1: { AWS_KINESISVIDEO_IMAGE_GENERATION: "", AWS_KINESISVIDEO_IMAGE_PREFIX: "door/night" },
          2: { AWS_KINESISVIDEO_IMAGE_PREFIX: "../etc" },
        }),
      );
      await imageJobs.round();
      const made = (await images(scene)).map((key) => {
        const [, folder, ms] =
          /^images\/alarm\/cam\/(.*?)\d{4}\/\d\d\/\d\d\/(\d+)-\d+\.jpg$/.exec(key) ?? [];
        return `${folder}${Number(ms) - START_MS}`;
      });
      // At multiples of 2.5 s; and the marked fragment's first picture. A prefix that is no part of a key is passed over.
      const sampled = [0, 2500, 5000];
      assert.equal(made.length, sampled.length + 1, made.join(" "));
      const [marked] = made.filter(
        (name) => !sampled.some((ms) => name.split("/").at(-1) === String(ms)),
      );
      assert.match(marked ?? "", /^door\/night\/(19|20)\d\d$/);
      for (const name of ["0", "door/night/2500", "5000"]) assert.ok(made.includes(name), name);
    },
  );
});
