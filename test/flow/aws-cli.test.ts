/** The aws command line against a server that asks for keys: nothing but `--endpoint-url` says that it is not the service. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { documentsOf } from "../support/ebml-layout.ts";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { payloadHashes } from "../support/mp4-media.ts";
import { type Credentials, putFile } from "../support/signed-put.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs, tools } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;

function start(
  url: string,
  { accessKeyId, secretAccessKey }: Credentials,
  args: readonly string[],
) {
  const env = {
    ...process.env,
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_PAGER: "" },
    ...{ AWS_CONFIG_FILE: "/dev/null", AWS_EC2_METADATA_DISABLED: "true", AWS_MAX_ATTEMPTS: "1" },
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
  const all = [...args, "--endpoint-url", url, "--region", "eu-central-1", "--output", "json"];
  return spawn(tools.awscli ?? "aws", all, { env, stdio: ["ignore", "pipe", "pipe"] });
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function aws(
  { url, root }: GuardedServer,
  args: readonly string[],
  credentials = root,
): Promise<Ended> {
  const child = start(url, credentials, args);
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => {
    out += piece.toString("utf8");
  });
  child.stderr.on("data", (piece: Buffer) => {
    err += piece.toString("utf8");
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

const cam = ["--stream-name", "cam"];

suite("the aws command line", { timeout: 300_000, ...needs("awscli", "ffmpeg") }, () => {
  test("a stream's life: create, describe, tag, endpoint, list, get media and a clip, retention", async () => {
    await using scene = await guardedServer();
    using dir = tempDir("aws-cli");
    const good = async (...args: readonly string[]) => {
      const { code, out, err } = await aws(scene, args);
      assert.equal(code, 0, `${args.join(" ")}: ${err}`);
      return out.trim() === "" ? {} : JSON.parse(out);
    };
    const video = (...args: readonly string[]) => good("kinesisvideo", ...args, ...cam);
    const { StreamARN } = await video(
      ...["create-stream", "--media-type", "video/h264,audio/aac"],
      ...["--data-retention-in-hours", "24", "--tags", "place=door"],
    );
    const { url, root: credentials } = scene;
    const file = await makeMedia("h264-aac");
    await putFile({ url, stream: "cam", startMs: START_MS, credentials }, file);
    const seconds = START_MS / 1000;
    const range = `StartTimestamp=${seconds},EndTimestamp=${seconds + 60}`;
    const selector = `FragmentSelectorType=PRODUCER_TIMESTAMP,TimestampRange={${range}}`;
    const clipPath = join(dir.path, "clip.mp4");
    // A process takes a second to begin: two at a time.
    const [{ StreamInfo }, { DataEndpoint }] = await Promise.all([
      video("describe-stream"),
      video("get-data-endpoint", "--api-name", "LIST_FRAGMENTS"),
    ]);
    assert.deepEqual(
      [StreamInfo.StreamARN, StreamInfo.Status, StreamInfo.DataRetentionInHours],
      [StreamARN, "ACTIVE", 24],
    );
    assert.equal(DataEndpoint, url);
    const archived = (...args: readonly string[]) =>
      good("kinesis-video-archived-media", ...args, ...cam);
    const [{ Fragments }, clip] = await Promise.all([
      archived("list-fragments", "--fragment-selector", selector),
      archived("get-clip", "--clip-fragment-selector", selector, clipPath),
    ]);
    assert.equal(Fragments.length, 3);
    assert.equal(clip.ContentType, "video/mp4");
    assert.deepEqual(await payloadHashes(clipPath), await payloadHashes(file));
    await video("tag-stream", "--tags", "floor=2");
    const { version } = await scene.server.parts.archive.get("cam");
    const [{ Tags }] = await Promise.all([
      video("list-tags-for-stream"),
      video(
        ...["update-data-retention", "--operation", "INCREASE_DATA_RETENTION"],
        ...["--data-retention-change-in-hours", "24", "--current-version", version],
      ),
    ]);
    assert.deepEqual(Tags, { place: "door", floor: "2" });
    assert.equal((await scene.server.parts.archive.get("cam")).retentionHours, 48);
  });

  test("get-media writes what it gets for as long as it runs", async () => {
    await using scene = await guardedServer();
    using dir = tempDir("aws-media");
    const { url, root: credentials } = scene;
    await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
    const file = await makeMedia("h264-aac");
    await putFile({ url, stream: "cam", startMs: START_MS, credentials }, file);
    const path = join(dir.path, "media.mkv");
    const selector = "StartSelectorType=EARLIEST";
    const watcher = watch(dir.path);
    const child = start(url, credentials, [
      ...["kinesis-video-media", "get-media", ...cam, "--start-selector", selector, path],
    ]);
    const ended = new Promise((resolve) => child.once("close", resolve));
    // The media, and what is around it: it does not end by itself.
    await new Promise<void>((resolve, reject) => {
      child.once("exit", () => reject(new Error("get-media ended")));
      watcher.on("change", () => {
        const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
        if (size > statSync(file).size - 20_000) resolve();
      });
    }).finally(() => watcher.close());
    child.kill();
    await ended;
    const [first] = documentsOf(readFileSync(path));
    assert.match(first?.toString("latin1") ?? "", /CONTINUATION_TOKEN[\s\S]{5,8}\d{47}$/);
  });

  test("errors are the service's: exit code 254 (of version 1: 255) and its name", async () => {
    await using scene = await guardedServer();
    await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
    const describe = ["kinesisvideo", "describe-stream", "--stream-name"];
    const wrong = { ...scene.root, secretAccessKey: "wrong" };
    const [missing, forged] = await Promise.all([
      aws(scene, [...describe, "none"]),
      aws(scene, [...describe, "cam"], wrong),
    ]);
    // Version 1 of the program has one code for all errors.
    for (const { code, err } of [missing, forged])
      assert.ok(code === 254 || code === 255, `${code}: ${err}`);
    assert.match(missing.err, /\(ResourceNotFoundException\) when calling the DescribeStream/);
    assert.match(forged.err, /\(InvalidSignatureException\) when calling the DescribeStream/);
  });
});
