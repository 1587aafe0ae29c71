import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { chunkOf } from "../../test/support/live.ts";
import { random } from "../../test/support/random.ts";
import type { ChunkItem, ConfigItem, FeedItem, LostItem } from "./feed-items.ts";
import { ViewerQueue } from "./viewer-queue.ts";

const key = () => chunkOf({ key: true, bytes: 10 });
const delta = () => chunkOf({ key: false, bytes: 10 });
const audio = () => chunkOf({ track: 2, key: true, joins: false, bytes: 10 });
const config = { kind: "config" } as ConfigItem;

function drain(queue: ViewerQueue): (FeedItem | LostItem)[] {
  const out: (FeedItem | LostItem)[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) out.push(item);
  return out;
}

suite("ViewerQueue", () => {
  test("gives everything back in order while it is under its limits", () => {
    const queue = new ViewerQueue({ maxBytes: 100 });
    const pushed: FeedItem[] = [config, key(), delta(), audio(), delta(), key()];
    for (const item of pushed) queue.push(item);
    assert.deepEqual(drain(queue), pushed);
    assert.equal(queue.idle, true);
    assert.equal(queue.bytes, 0);
  });

  test("drops what is older than the newest group, and tells how many of each track first", () => {
    const queue = new ViewerQueue({ maxBytes: 50 });
    const newest = key();
    for (const item of [key(), delta(), audio(), delta(), newest]) queue.push(item);
    const after = delta();
    queue.push(after);
    const [lost, ...rest] = drain(queue);
    assert.deepEqual(lost, {
      kind: "lost",
      frames: 4,
      tracks: new Map([
        [1, 3],
        [2, 1],
      ]),
    });
    assert.deepEqual(rest, [newest, after]);
    assert.equal(queue.lostTotal, 4);
  });

  test("keeps the one group it holds over the byte limit, because its bytes are shared", () => {
    const queue = new ViewerQueue({ maxBytes: 30, maxGroupBytes: 1000 });
    const group = [key(), ...Array.from({ length: 20 }, delta)];
    for (const item of group) queue.push(item);
    assert.deepEqual(drain(queue), group);
    assert.equal(queue.lostTotal, 0);
  });

  test("keeps the tail of a group whose start was sent already, and loses nothing of it", () => {
    const queue = new ViewerQueue({ maxBytes: 30, maxGroupBytes: 1000 });
    queue.push(key());
    queue.take();
    const tail = Array.from({ length: 20 }, delta);
    for (const item of tail) queue.push(item);
    assert.deepEqual(drain(queue), tail);
  });

  test("gives a group up over maxGroupBytes and goes on at the next one", () => {
    const queue = new ViewerQueue({ maxBytes: 30, maxGroupBytes: 100 });
    for (const item of [key(), ...Array.from({ length: 14 }, delta)]) queue.push(item);
    assert.equal(queue.bytes, 0);
    assert.equal(queue.take(), undefined, "lost is told with what comes next, not before");
    assert.equal(queue.idle, false);
    const next = key();
    queue.push(next);
    assert.deepEqual(drain(queue), [
      { kind: "lost", frames: 15, tracks: new Map([[1, 15]]) },
      next,
    ]);
    assert.equal(queue.idle, true);
  });

  test("keeps the newest config and the newest state of what it drops", () => {
    const queue = new ViewerQueue({ maxBytes: 30 });
    const config2 = { ...config };
    const newest = key();
    const old: FeedItem[] = [config, key(), { kind: "offline" }, { kind: "live" }, config2, key()];
    for (const item of [...old, delta(), newest]) queue.push(item);
    const kinds = drain(queue);
    assert.deepEqual(kinds.slice(1), [{ kind: "live" }, config2, newest]);
    assert.equal(kinds[1], old[3]);
    assert.equal(kinds[2], config2);
  });

  test("holds two notices at most between two chunks, however often the producer comes and goes", () => {
    const queue = new ViewerQueue();
    for (let i = 0; i < 10_000; i++)
      for (const item of [{ kind: "live" }, config, { kind: "offline" }] as const) queue.push(item);
    assert.deepEqual(drain(queue), [config, { kind: "offline" }]);
  });

  test("counts pieces too: a million empty frames of many groups stay under maxPieces", () => {
    const queue = new ViewerQueue({ maxPieces: 100 });
    for (let i = 0; i < 100_000; i++) {
      queue.push(chunkOf({ key: i % 10 === 0, bytes: 4 }));
      assert.ok(queue.length <= 101);
    }
    assert.ok(queue.lostTotal > 99_000);
  });

  test("for any pushes and takes: in order, only whole groups lost, every loss told before what follows", () => {
    for (let seed = 1; seed <= 400; seed++) check(seed);
  });
});

/** A viewer's view: what it was given must be decodable, complete but for what it was told. */
function check(seed: number): void {
  const next = random(seed);
  const limits = { maxBytes: 400, maxPieces: 60, maxGroupBytes: 900, maxGroupPieces: 80 };
  const queue = new ViewerQueue(limits);
  let pushed = 0;
  let got = 0;
  let lost = 0;
  let broken = true;
  const see = (item: FeedItem | LostItem): void => {
    if (item.kind === "lost") {
      lost += item.frames;
      broken = true;
    } else if (item.kind === "chunk") {
      const id = (item as ChunkItem).source.frame.timeUs;
      assert.equal(id, got + lost, `seed ${seed}: a frame is missing and nobody said so`);
      assert.ok(!broken || item.joins, `seed ${seed}: goes on in the middle of a group`);
      broken = false;
      got++;
    }
  };
  for (let step = 0; step < 600; step++) {
    if (next() < 0.7) {
      const first = pushed === 0 || next() < 0.08;
      const bytes = 4 + Math.floor(next() * 40);
      queue.push(chunkOf({ key: first, bytes, timeUs: pushed++ }));
    } else {
      for (let i = Math.floor(next() * 12); i > 0; i--) {
        const item = queue.take();
        if (item !== undefined) see(item);
      }
    }
    assert.ok(queue.bytes <= limits.maxGroupBytes, `seed ${seed}: ${queue.bytes} bytes`);
    assert.ok(queue.length <= limits.maxGroupPieces, `seed ${seed}: ${queue.length} pieces`);
  }
  queue.push(chunkOf({ key: true, timeUs: pushed++ }));
  for (const item of drain(queue)) see(item);
  assert.equal(got + lost, pushed, `seed ${seed}`);
}
