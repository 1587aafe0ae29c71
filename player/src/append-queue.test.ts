import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AppendQueue, JOIN_BYTES, MAX_QUEUE_BYTES, type QueueItem } from "./append-queue.ts";

const media = (...bytes: number[]): QueueItem => ({ kind: "media", bytes: Uint8Array.from(bytes) });
const init: QueueItem = { kind: "init", mime: "m", offsetS: 1, bytes: Uint8Array.of(9) };

suite("AppendQueue", () => {
  test("joins waiting media in order, but never across an initialization segment", () => {
    const queue = new AppendQueue();
    for (const item of [media(1), media(2, 3), init, media(4)]) assert.ok(queue.add(item));
    assert.deepEqual(queue.take()?.bytes, Uint8Array.of(1, 2, 3));
    assert.equal(queue.take(), init);
    assert.deepEqual(queue.take(), media(4));
    assert.equal(queue.take(), undefined);
    assert.equal(queue.bytes, 0);
  });

  test("one append is no larger than its limit unless one piece is", () => {
    const queue = new AppendQueue();
    const piece = (size: number): QueueItem => ({ kind: "media", bytes: new Uint8Array(size) });
    queue.add(piece(JOIN_BYTES - 1));
    queue.add(piece(2));
    queue.add(piece(JOIN_BYTES * 2));
    assert.equal(queue.take()?.bytes.length, JOIN_BYTES - 1);
    assert.equal(queue.take()?.bytes.length, 2);
    assert.equal(queue.take()?.bytes.length, JOIN_BYTES * 2);
  });

  test("what is put back comes first again", () => {
    const queue = new AppendQueue();
    queue.add(media(1));
    const first = queue.take();
    assert.ok(first);
    queue.add(init);
    queue.putBack(first);
    assert.equal(queue.bytes, 2);
    assert.deepEqual(queue.take(), media(1));
  });

  test("takes no more than its limit", () => {
    const queue = new AppendQueue();
    assert.ok(queue.add({ kind: "media", bytes: new Uint8Array(MAX_QUEUE_BYTES) }));
    assert.equal(queue.add(media(1)), false);
    queue.clear();
    assert.ok(queue.add(media(1)));
  });
});
