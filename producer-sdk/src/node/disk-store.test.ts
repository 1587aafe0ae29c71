import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { START_MS, setUp } from "../../../test/support/producer.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { restore } from "../restored.ts";
import { DiskStore } from "./disk-store.ts";

/** Until the disk has answered as the test expects; the runner ends a test that waits for ever. */
async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const KEPT_BYTES = Buffer.of(0x1a, 0x45, 0xdf);
const filesOf = (dir: string) => readdirSync(dir).filter((name) => name.endsWith(".mkv"));

suite("a producer with a folder", { timeout: 30_000 }, () => {
  test("every frame is in a file when putFrame returns; an ack removes the file", async () => {
    using dir = tempDir("disk-store");
    const { link, links, producer, video } = setUp({ store: new DiskStore({ dir: dir.path }) });
    await until(() => links.length > 0);
    link().handlers.opened();
    video(0, 15);
    const files = filesOf(dir.path);
    assert.equal(files.length, 2);
    const found = files.map((name) => restore(readFileSync(join(dir.path, name))));
    assert.deepEqual(
      found.map((one) => [one?.timecodeMs, one?.frames]),
      [
        [START_MS, 10],
        [START_MS + 1000, 5],
      ],
    );
    link().ack("PERSISTED", START_MS);
    assert.equal(filesOf(dir.path).length, 1);
    const ended = producer.end();
    link().ack("PERSISTED", START_MS + 1000);
    assert.equal((await ended).durable, 2);
    assert.deepEqual(filesOf(dir.path), []);
  });

  test("what is not durable at the end is sent by the next producer, before its own and in order", async () => {
    using dir = tempDir("disk-store");
    const first = setUp({ store: new DiskStore({ dir: dir.path }) });
    await until(() => first.links.length > 0);
    first.video(0, 25);
    const ended = first.producer.end(1000);
    first.clock.advance(1000);
    const { waiting, kept } = await ended;
    assert.deepEqual([waiting, kept], [3, 3]);
    const second = setUp({ store: new DiskStore({ dir: dir.path }) });
    // Frames may be put before the store has answered.
    second.video(30, 41);
    await until(() => second.links.length > 0);
    second.link().handlers.opened();
    await until(() => second.link().clusters().length === 5);
    const clusters = second.link().clusters();
    assert.deepEqual(
      clusters.map(({ ms, frames }) => [ms - START_MS, frames.length]),
      [
        [0, 10],
        [1000, 10],
        [2000, 5],
        [3000, 10],
        [4000, 1],
      ],
    );
    assert.deepEqual(
      second.events.flatMap((e) => (e.kind === "restored" ? [e.fragments] : [])),
      [3],
    );
    second.link().ack("PERSISTED", START_MS + 3000);
    assert.equal(filesOf(dir.path).length, 1);
  });

  test("a file that ends in the middle of a frame gives its whole frames; one without any is dropped and told", async () => {
    using dir = tempDir("disk-store");
    const first = setUp({ store: new DiskStore({ dir: dir.path }) });
    await until(() => first.links.length > 0);
    first.video(0, 15, 10, 100);
    const ended = first.producer.end(1);
    first.clock.advance(1);
    await ended;
    const [one = "", two = ""] = filesOf(dir.path).sort();
    writeFileSync(join(dir.path, one), "no Matroska");
    truncateSync(join(dir.path, two), readFileSync(join(dir.path, two)).length - 30);
    const second = setUp({ store: new DiskStore({ dir: dir.path }) });
    await until(() => second.links.length > 0);
    second.link().handlers.opened();
    await until(() => second.link().clusters().length > 0);
    assert.deepEqual(second.link().clusters()[0]?.frames, [10, 11, 12, 13]);
    assert.equal(second.events.filter((e) => e.kind === "dropped").length, 1);
  });

  test("a file without its first frame, of a process killed before it had taken it, is no loss", async () => {
    using dir = tempDir("disk-store");
    const killed = new DiskStore({ dir: dir.path });
    await killed.open();
    const first = killed.begin(1_000_000, Uint8Array.of(0x1a));
    assert.deepEqual(filesOf(dir.path), []);
    first.append(Uint8Array.of(0x45, 0xdf));
    killed.begin(2_000_000, Uint8Array.of(0x1a));
    assert.deepEqual(readFileSync(join(dir.path, filesOf(dir.path)[0] ?? "")), KEPT_BYTES);
    await killed.close();
    const next = new DiskStore({ dir: dir.path });
    const found = await next.open();
    assert.deepEqual(
      found.map(({ startUs, bytes }) => [startUs, bytes]),
      [[1_000_000, 3]],
    );
    next.begin(3_000_000, Uint8Array.of(1)).remove();
    assert.equal(readdirSync(dir.path).filter((name) => /mkv/.test(name)).length, 1);
    await next.close();
  });

  test("a long outage is on the disk and not in memory, and all of it is sent again after every break", async () => {
    using dir = tempDir("disk-store");
    const { link, links, clock, producer, video } = setUp({
      store: new DiskStore({ dir: dir.path }),
      maxMemoryBytes: 50_000,
    });
    await until(() => links.length > 0);
    video(0, 200, 10, 5000);
    assert.equal(producer.stats.waiting, 20);
    for (const round of [1, 2]) {
      link().handlers.opened();
      await until(() => link().clusters().length === 20);
      const frames = link()
        .clusters()
        .flatMap((c) => c.frames);
      assert.deepEqual(
        frames,
        Array.from({ length: 200 }, (_, i) => i),
        `round ${round}`,
      );
      link().handlers.closed("cut");
      clock.advance(10_000);
    }
  });

  test("two processes cannot have one folder; the second goes on in memory and says so", async () => {
    using dir = tempDir("disk-store");
    const store = new DiskStore({ dir: dir.path });
    await store.open();
    const { events, link, links, video } = setUp({ store: new DiskStore({ dir: dir.path }) });
    await until(() => links.length > 0);
    assert.ok(events.some((e) => e.kind === "not-kept" && e.code === "store.locked"));
    link().handlers.opened();
    video(0, 11);
    assert.equal(link().clusters().length, 2);
    await store.close();
  });

  test("a disk that takes no more: told once per fragment, and the media goes on from memory", async () => {
    using dir = tempDir("disk-store");
    let isFull = false;
    const disk = new DiskStore({ dir: dir.path });
    const { link, links, events, video } = setUp({
      store: {
        open: () => disk.open(),
        close: () => disk.close(),
        begin(startUs, header) {
          const kept = disk.begin(startUs, header);
          const append = kept.append.bind(kept);
          kept.append = (bytes) => {
            if (isFull) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
            append(bytes);
          };
          return kept;
        },
      },
    });
    await until(() => links.length > 0);
    video(0, 5);
    isFull = true;
    video(5, 25);
    assert.equal(events.filter((e) => e.kind === "not-kept").length, 3);
    assert.deepEqual(filesOf(dir.path), []);
    isFull = false;
    video(25, 31);
    assert.equal(filesOf(dir.path).length, 1);
    link().handlers.opened();
    await until(() => link().clusters().length === 4);
    assert.deepEqual(
      link()
        .clusters()
        .flatMap((c) => c.frames),
      Array.from({ length: 31 }, (_, i) => i),
    );
  });
});
