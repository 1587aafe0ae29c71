import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../test/support/random.ts";
import { ChunkCursor } from "./chunk-cursor.ts";

function counting(start: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (start + i) % 251);
}

suite("ChunkCursor", () => {
  test("gives back what went in, in order, for any mix of pushes, peeks, takes and skips", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const next = random(seed);
      const cursor = new ChunkCursor();
      let pushed = 0;
      let taken = 0;
      for (let step = 0; step < 150; step++) {
        const length = Math.floor(next() * (next() < 0.2 ? 40_000 : 30));
        cursor.push(counting(pushed, length));
        pushed += length;
        const count = Math.floor(next() * Math.min(cursor.length + 1, 5_000));
        const want = Buffer.from(counting(taken, count));
        const peeked = new Uint8Array(count);
        assert.equal(cursor.peek(peeked, count), count, `seed ${seed}`);
        assert.ok(want.equals(peeked), `seed ${seed}, step ${step}: peek`);
        if (step % 2 === 0) cursor.skip(count);
        else assert.ok(want.equals(cursor.take(count).toBytes()), `seed ${seed}, step ${step}`);
        taken += count;
        assert.equal(cursor.offset, taken);
        assert.equal(cursor.length, pushed - taken);
      }
    }
  });

  test("shows a watcher what passes, once each byte, however it was pushed and passed", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const next = random(seed);
      const cursor = new ChunkCursor();
      const seen: Uint8Array[] = [];
      let [pushed, watched] = [0, 0];
      for (let step = 0; step < 150; step++) {
        const length = Math.floor(next() * (next() < 0.2 ? 40_000 : 30));
        cursor.push(counting(pushed, length));
        pushed += length;
        if (step === 20) {
          watched = cursor.offset;
          cursor.watch((run) => seen.push(run.slice()));
        }
        const count = Math.floor(next() * (cursor.length + 1));
        if (step % 2 === 0) cursor.skip(count);
        else cursor.take(count);
        if (step % 7 === 0) cursor.advance();
        if (step % 5 === 0) cursor.flush();
      }
      cursor.flush();
      const want = Buffer.from(counting(watched, cursor.offset - watched));
      assert.ok(want.equals(Buffer.concat(seen)), `seed ${seed}`);
      const before = seen.length;
      cursor.watch(undefined);
      cursor.skip(cursor.length);
      cursor.flush();
      assert.equal(seen.length, before, "nobody watches any more");
    }
  });

  test("holds a million single bytes in few pieces", () => {
    const cursor = new ChunkCursor();
    for (let i = 0; i < 1_000_000; i++) cursor.push(Uint8Array.of(i % 251));
    const { parts } = cursor.take(1_000_000);
    assert.ok(parts.length <= 64, `${parts.length} pieces`);
    assert.ok(Buffer.concat(parts).equals(counting(0, 1_000_000)));
  });

  test("does not copy a large chunk", () => {
    const cursor = new ChunkCursor();
    const chunk = counting(0, 4096);
    cursor.push(chunk);
    const [first] = cursor.take(100).parts;
    assert.equal(first?.buffer, chunk.buffer);
  });

  test("a small chunk may be changed by its owner after the push", () => {
    const cursor = new ChunkCursor();
    const chunk = Uint8Array.of(1, 2, 3);
    cursor.push(chunk);
    chunk.fill(9);
    assert.deepEqual([...cursor.take(3).toBytes()], [1, 2, 3]);
  });

  test("clear forgets what was not taken and keeps the offset", () => {
    const cursor = new ChunkCursor();
    cursor.push(counting(0, 3000));
    cursor.push(counting(3000, 3000));
    cursor.take(3500);
    cursor.clear();
    assert.deepEqual([cursor.length, cursor.offset], [0, 3500]);
    cursor.push(Uint8Array.of(7));
    assert.deepEqual([...cursor.take(1).toBytes(), cursor.offset], [7, 3501]);
  });
});
