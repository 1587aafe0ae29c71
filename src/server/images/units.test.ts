/** The small parts: cache, pool, style, destinations. What they make together: test/flow/images.test.ts. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ByteCache } from "../../base/byte-cache.ts";
import { millis } from "../../base/units.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import {
  configurationOf,
  type ImageGenerationConfiguration,
  imageGeneration,
} from "./generation-config.ts";
import { imageKey } from "./image-files.ts";
import { Pool } from "./pool.ts";
import { quantizer, styleName } from "./style.ts";

suite("ByteCache", () => {
  test("lets go of what was not asked for longest, and keeps nothing too large", () => {
    const cache = new ByteCache(100);
    for (const name of ["a", "b", "c", "d"]) cache.set(name, new Uint8Array(25));
    cache.get("a");
    cache.set("e", new Uint8Array(20));
    assert.deepEqual(
      ["a", "b", "c", "d", "e"].map((name) => cache.get(name)?.length),
      [25, undefined, 25, 25, 20],
    );
    cache.set("f", new Uint8Array(26));
    assert.equal(cache.get("f"), undefined);
    cache.set("a", new Uint8Array(1));
    assert.equal(cache.bytes, 71);
  });
});

suite("Pool", () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  test("runs so many at once, in the order they came, and goes on after a failure", async () => {
    const pool = new Pool({ running: 2, waiting: 3 });
    const [log, ends] = [[] as number[], new Map<number, (error?: Error) => void>()];
    const run = (name: number) =>
      pool.run(() => {
        log.push(name);
        return new Promise<void>((resolve, reject) => {
          ends.set(name, (error) => (error === undefined ? resolve() : reject(error)));
        });
      });
    const turns = [1, 2, 3, 4, 5].map(run);
    await settled();
    assert.deepEqual([log, pool.waiting], [[1, 2], 3]);
    await assert.rejects(run(6), { code: "request.busy" });
    ends.get(1)?.(new Error("no"));
    await assert.rejects(turns[0] as Promise<void>, /no/);
    ends.get(2)?.();
    await settled();
    assert.deepEqual([log, pool.running, pool.waiting], [[1, 2, 3, 4], 2, 1]);
    for (const name of [3, 4, 5]) {
      ends.get(name)?.();
      await settled();
    }
    assert.deepEqual([log.length, pool.running], [5, 0]);
  });

  test("does nothing for whoever has gone while waiting", async () => {
    const pool = new Pool({ running: 1, waiting: 3 });
    const gone = new AbortController();
    let end = () => {};
    const first = pool.run(() => new Promise<void>((resolve) => (end = resolve)));
    let ran = false;
    const second = pool.run(async () => {
      ran = true;
    }, gone.signal);
    await settled();
    gone.abort();
    end();
    await first;
    await assert.rejects(second, { code: "ffmpeg.failed" });
    assert.deepEqual([ran, pool.running], [false, 0]);
  });
});

suite("quantizer", () => {
  test("falls as quality rises, within what ffmpeg takes", () => {
    const all = Array.from({ length: 100 }, (_, i) => quantizer(i + 1));
    assert.ok(all.every((q, i) => q >= 1 && q <= 69 && q <= (all[i - 1] ?? 69)));
    assert.deepEqual(
      [quantizer(1), quantizer(50), quantizer(80), quantizer(100)],
      [69, 17, 6.8, 1],
    );
    const png = { format: "png", width: 5 } as const;
    assert.equal(styleName({ ...png, quality: 1 }), styleName({ ...png, quality: 90 }));
  });
});

suite("imageGeneration", () => {
  const config: ImageGenerationConfiguration = {
    ...{ Status: "ENABLED", ImageSelectorType: "SERVER_TIMESTAMP", Format: "PNG" },
    ...{ SamplingInterval: 3000, DestinationConfig: { Uri: "s3://mine/a/b/" } },
  };
  const own = { bucket: "mine" };
  const to = (Uri: string, of: { bucket: string | undefined } = own) =>
    imageGeneration("cam", { ...config, DestinationConfig: { Uri } }, of).prefix;

  test("puts images below the stream's name in its own store", () => {
    assert.equal(to("s3://mine/a/b/"), "images/a/b/cam/");
    assert.equal(to("s3://mine"), "images/cam/");
    assert.equal(to("store:x", { bucket: undefined }), "images/x/cam/");
    assert.equal(to("file:///x"), "images/x/cam/");
    const wanted = imageGeneration("cam", config, own);
    assert.equal(wanted.clock, "server");
    assert.equal(
      imageKey(wanted, 1_790_000_001_000, 12),
      "images/a/b/cam/2026/09/21/1790000001000-12.png",
    );
  });

  test("refuses other stores, names that are none, and intervals out of range", () => {
    for (const uri of ["s3://theirs/a", "http://x/y", "", "store:../x", "s3://mine/a b"])
      assert.throws(() => to(uri), { code: "request.bad" }, uri);
    assert.throws(() => to("s3://undefined/x", { bucket: undefined }), { code: "request.bad" });
    for (const SamplingInterval of [199, 300_001, 1.5])
      assert.throws(() => imageGeneration("cam", { ...config, SamplingInterval }, own));
  });

  test("is asked for by streams that say so", () => {
    const info = { createdMs: millis(0), retentionHours: 1, retentionBytes: 0, version: "1" };
    const stream = (kvs?: object): StreamInfo => ({ ...info, name: "cam", attributes: { kvs } });
    assert.equal(configurationOf(stream({ imageGeneration: config })), config);
    const off = { ...config, Status: "DISABLED" };
    assert.equal(configurationOf(stream({ imageGeneration: off })), undefined);
    assert.equal(configurationOf(stream()), undefined);
    assert.equal(configurationOf({ ...info, name: "cam" }), undefined);
  });
});
