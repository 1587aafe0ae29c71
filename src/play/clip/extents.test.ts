import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../../test/support/random.ts";
import { bytesOf, type Extent, READ_AHEAD, ready } from "./extents.ts";

/** Extents of these sizes over the bytes 0, 1, 2 …; every third is there at once. `log` says what is loaded. */
async function* extentsOf(sizes: readonly number[], log: string[] = []): AsyncGenerator<Extent> {
  let at = 0;
  for (const [i, size] of sizes.entries()) {
    const from = at;
    const bytes = Uint8Array.from({ length: size }, (_, k) => (from + k) & 255);
    if (i % 3 === 0) yield ready(at, bytes);
    else {
      const load = async () => {
        log.push(`load ${i}`);
        return [bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)];
      };
      yield { at, size, load };
    }
    at += size;
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of chunks) {
    assert.ok(chunk.length > 0);
    all.push(...chunk);
  }
  return all;
}

suite("bytesOf", () => {
  test("gives exactly the bytes of any range", async () => {
    const next = random(1);
    for (let i = 0; i < 300; i++) {
      const sizes = Array.from({ length: 9 }, () => Math.floor(next() * 12));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const start = Math.floor(next() * total);
      const end = start + Math.floor(next() * (total - start + 1));
      const want = Array.from({ length: end - start }, (_, k) => (start + k) & 255);
      assert.deepEqual(await collect(bytesOf(extentsOf(sizes), { start, end })), want, `${i}`);
    }
  });

  test("loads only what the range needs", async () => {
    const log: string[] = [];
    await collect(bytesOf(extentsOf([10, 10, 10, 10, 10, 10], log), { start: 25, end: 45 }));
    assert.deepEqual(log, ["load 2", "load 4"]);
  });

  test("begins a few reads ahead and no more, and gives what is there at once", async () => {
    const log: string[] = [];
    const loads = async function* (): AsyncGenerator<Extent> {
      yield ready(0, new Uint8Array(10));
      for (let i = 1; i < 20; i++) {
        const load = async () => {
          log.push(`${i}`);
          return [new Uint8Array(10)];
        };
        yield { at: i * 10, size: 10, load };
      }
    };
    const bytes = bytesOf(loads(), { start: 0, end: 200 });
    await bytes.next();
    assert.deepEqual(log, []);
    await bytes.next();
    assert.equal(log.length, READ_AHEAD.extents + 1);
    await bytes.next();
    assert.equal(log.length, READ_AHEAD.extents + 2);
    await bytes.return(undefined);
    assert.equal(log.length, READ_AHEAD.extents + 2);
  });

  test("reads one ahead when extents are large", async () => {
    const log: number[] = [];
    const size = READ_AHEAD.bytes;
    const large = async function* (): AsyncGenerator<Extent> {
      for (let i = 0; i < 4; i++) {
        const load = async () => {
          log.push(i);
          return [new Uint8Array(size)];
        };
        yield { at: i * size, size, load };
      }
    };
    const bytes = bytesOf(large(), { start: 0, end: 4 * size });
    await bytes.next();
    assert.deepEqual(log, [0, 1]);
    await bytes.return(undefined);
  });

  test("passes a failed read on, and lets it go when nobody waits for it", async () => {
    async function* failing(): AsyncGenerator<Extent> {
      yield { at: 0, size: 4, load: async () => [new Uint8Array(4)] };
      yield { at: 4, size: 4, load: () => Promise.reject(new Error("disk")) };
    }
    await assert.rejects(collect(bytesOf(failing(), { start: 0, end: 8 })), /disk/);
    const stopped = bytesOf(failing(), { start: 0, end: 8 });
    assert.equal((await stopped.next()).value?.length, 4);
    await stopped.return(undefined);
  });

  test("finds an extent that is not as long as planned", async () => {
    async function* wrong(): AsyncGenerator<Extent> {
      yield { at: 0, size: 5, load: async () => [new Uint8Array(4)] };
    }
    await assert.rejects(
      collect(bytesOf(wrong(), { start: 0, end: 5 })),
      /another size than planned/,
    );
  });
});
