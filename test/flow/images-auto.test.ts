/** Automatic images on a real server: the right pictures under the right keys, once each, also after a restart. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { NewEvent } from "../../src/archive/index/index-events.ts";
import { ImageGenerator } from "../../src/server/images/generator.ts";
import { ImageFiles } from "../../src/server/images/image-files.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { FAKE_START_MS } from "../support/fake-reader.ts";
import { numberedMedia, numberIn } from "../support/numbered.ts";
import { cli, startTestServer } from "../support/server.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const dir = tempDir("auto-images");
after(() => dir[Symbol.dispose]());

const CONFIG = {
  ...{ Status: "ENABLED", ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "JPEG" },
  ...{ SamplingInterval: 400, HeightPixels: 90, DestinationConfig: { Uri: "store:alarm/day" } },
};

const create = ({ parts }: RunningServer, name: string, imageGeneration: object) =>
  parts.archive.create({ name, retentionHours: 24, attributes: { kvs: { imageGeneration } } });

async function push({ url }: RunningServer, startMs: number): Promise<void> {
  const args = ["put", await numberedMedia(), "--stream", "cam", "--start", String(startMs)];
  const put = await cli([...args, "--server", url]);
  assert.equal(put.code, 0, put.err);
}

async function keys({ parts }: RunningServer): Promise<string[]> {
  const list: string[] = [];
  for await (const page of parts.archive.store.list("images/"))
    list.push(...page.map(({ key }) => key));
  return list;
}

/** All there is, however many turns it takes. */
async function rounds(server: RunningServer): Promise<string[]> {
  for (let before = -1; ; ) {
    await server.parts.imageJobs.round();
    const found = await keys(server);
    if (found.length === before) return found;
    before = found.length;
  }
}

suite("automatic images", needs("ffmpeg"), () => {
  test("are made of what comes after they were asked for, each once, across a restart", async () => {
    const config = { dataDir: join(dir.path, "data") };
    let first: string[] = [];
    {
      await using server = await startTestServer(config);
      await server.parts.archive.create({ name: "cam", retentionHours: 24 });
      await push(server, FAKE_START_MS - 60_000);
      // The server's own rounds go on meanwhile: nobody may have asked before this push has ended.
      const attributes = { kvs: { imageGeneration: CONFIG } };
      await server.parts.retention.change("cam", { attributes, who: "test" });
      assert.deepEqual(await rounds(server), []);
      await push(server, FAKE_START_MS);
      first = await rounds(server);
      assert.equal(first.length, 15);
      for (const key of first) {
        const [, time = ""] =
          /^images\/alarm\/day\/cam\/2026\/09\/21\/(\d+)-\d+\.jpg$/.exec(key) ?? [];
        const { store } = server.parts.archive;
        const image = await store.read(key, 0, (await store.size(key)) ?? 0);
        const path = join(dir.path, "one.jpg");
        writeFileSync(path, image);
        assert.equal(await numberIn(path), (Number(time) - FAKE_START_MS) / 40, key);
      }
      const page = await server.parts.metrics.page();
      assert.match(page, /streambank_images_total\{result="ok"\} 15/);
    }
    await using again = await startTestServer(config);
    assert.deepEqual(await rounds(again), first);
    assert.doesNotMatch(await again.parts.metrics.page(), /streambank_images_total\{/);
    await push(again, FAKE_START_MS + 60_000);
    assert.equal((await rounds(again)).length, 30);
  });

  test("that cannot be are counted, told once, and begin when they can", async () => {
    await using server = await startTestServer();
    const { parts } = server;
    await create(server, "cam", { ...CONFIG, DestinationConfig: { Uri: "s3://theirs/here" } });
    await create(server, "off", { ...CONFIG, Status: "DISABLED" });
    const told: NewEvent[] = [];
    const counted: string[] = [];
    const files = new ImageFiles(parts.archive.store, join(dir.path, "tmp"));
    await files.open();
    const generator = new ImageGenerator({
      ...{ ...parts, index: parts.archive.index, node: "n", files, own: { bucket: "ours" } },
      streams: () => parts.archive.list(),
      events: { tell: (event) => told.push(event) },
      counted: (result) => counted.push(result),
    });
    await generator.round();
    await generator.round();
    assert.deepEqual(counted, ["failed", "failed"]);
    assert.equal(told.length, 1);
    assert.match(told[0]?.body ?? "", /"request.bad".*s3:\/\/ours\/prefix/);
    assert.equal(told[0]?.stream, "cam");
    await generator.stop();
  });

  test("are one node's at a time", async () => {
    await using server = await startTestServer();
    const { parts } = server;
    await create(server, "cam", CONFIG);
    const index = parts.archive.index;
    const state = { config: "?", node: "other", timeline: "", lastMs: 0, sequence: 7 };
    const row = { kind: "image-job", id: "cam" };
    const untilMs = parts.clock.now() + 60_000;
    await index.putRecord({ ...row, body: JSON.stringify({ ...state, untilMs }) });
    await parts.imageJobs.round();
    assert.match((await index.record("image-job", "cam"))?.body ?? "", /"node":"other"/);
    await index.putRecord({ ...row, body: JSON.stringify({ ...state, untilMs: 1 }) });
    await parts.imageJobs.round();
    assert.match((await index.record("image-job", "cam"))?.body ?? "", /"node":"local"/);
  });
});
