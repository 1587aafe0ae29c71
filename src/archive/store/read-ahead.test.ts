import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MemoryStore } from "../../../test/support/memory-store.ts";
import { randomBytes } from "../../../test/support/random.ts";
import { ReadAheadStore } from "./read-ahead.ts";

/** Counts what it is asked for, and can be made to wait. */
class CountingStore extends MemoryStore {
  /** `offset+size` of each read. */
  readonly reads: string[] = [];
  sizes = 0;
  aborted = 0;
  gate: Promise<void> | undefined;

  override async read(key: string, offset: number, size: number, signal?: AbortSignal) {
    this.reads.push(`${offset}+${size}`);
    signal?.addEventListener("abort", () => this.aborted++);
    await this.gate;
    return super.read(key, offset, size, signal);
  }

  override async size(key: string) {
    this.sizes++;
    return super.size(key);
  }
}

const BYTES = randomBytes(1050, 1);

function open(maxBytes = 10_000) {
  const inner = new CountingStore();
  inner.objects.set("a", BYTES);
  const store = new ReadAheadStore({ inner, blockBytes: 100, maxBytes });
  const read = async (offset: number, size: number, signal?: AbortSignal) => {
    const got = await store.read("a", offset, size, signal);
    assert.ok(BYTES.subarray(offset, offset + size).equals(got), `${offset}+${size}`);
  };
  return { inner, store, read };
}

/** Holds all reads of the inner store until it is called. */
function hold(inner: CountingStore): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  inner.gate = promise;
  return resolve;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

suite("ReadAheadStore", () => {
  test("asks for aligned blocks once, and for the size once", async () => {
    const { inner, read } = open();
    await read(110, 20);
    await read(150, 50);
    await read(199, 1);
    assert.deepEqual([inner.reads, inner.sizes], [["100+100"], 1]);
  });

  test("gives every range right, and never asks for more than there is", async () => {
    for (let size = 0; size <= 320; size += 40)
      for (let offset = 0; offset + size <= BYTES.length; offset += 35) {
        const { inner, read } = open();
        await read(offset, size);
        for (const one of inner.reads) {
          const [at = 0, bytes = 0] = one.split("+").map(Number);
          assert.ok(at + bytes <= BYTES.length, one);
        }
      }
  });

  test("fetches the next block when reading goes on, and not before", async () => {
    const { inner, read } = open();
    await read(10, 10);
    assert.deepEqual(inner.reads, ["0+100"]);
    await read(100, 10);
    assert.deepEqual(inner.reads, ["0+100", "100+100", "200+100"]);
    await read(700, 10);
    assert.deepEqual(inner.reads.slice(3), ["700+100"]);
  });

  test("stops fetching ahead at the end", async () => {
    const { inner, read } = open();
    await read(900, 150);
    assert.deepEqual(inner.reads, ["900+100", "1000+50"]);
  });

  test("all who want a block at once share one request", async () => {
    const { inner, read } = open();
    const release = hold(inner);
    const all = [read(110, 20), read(120, 30), read(130, 1)];
    await settled();
    assert.deepEqual(inner.reads, ["100+100"]);
    release();
    await Promise.all(all);
  });

  test("one who leaves does not end the request of those who stay; the last one does", async () => {
    const { inner, read } = open();
    const release = hold(inner);
    const leaving = [new AbortController(), new AbortController()] as const;
    const [first, second] = leaving.map(({ signal }) => read(110, 20, signal));
    await settled();
    leaving[0].abort(new Error("left"));
    await assert.rejects(first ?? assert.fail(), /left/);
    assert.equal(inner.aborted, 0);
    leaving[1].abort(new Error("left, too"));
    await assert.rejects(second ?? assert.fail(), /left, too/);
    assert.equal(inner.aborted, 1);
    release();
    await read(110, 20);
  });

  test("a new reader does not join a request that was given up", async () => {
    const { inner, read } = open();
    const release = hold(inner);
    const leaving = new AbortController();
    const left = read(110, 20, leaving.signal);
    await settled();
    leaving.abort(new Error("left"));
    const stays = read(110, 20);
    await assert.rejects(left, /left/);
    release();
    await stays;
    assert.equal(inner.reads.length, 2);
  });

  test("keeps no more bytes than it may, and drops the longest unused", async () => {
    const { inner, read } = open(200);
    await read(0, 1);
    await read(300, 1);
    await read(0, 1);
    await read(600, 1);
    await read(0, 1);
    assert.deepEqual(inner.reads, ["0+100", "300+100", "600+100"]);
    await read(300, 1);
    assert.equal(inner.reads.length, 4);
  });

  test("serves nothing of what was deleted, not even what was on its way", async () => {
    const { inner, store, read } = open();
    await read(0, 1);
    const release = hold(inner);
    const under = read(110, 20);
    await settled();
    // The read got its bytes before the object went, and brings them after.
    const bytes = inner.objects.get("a");
    const deleting = store.delete(["a"]);
    await deleting;
    inner.objects.set("a", bytes ?? assert.fail());
    release();
    await under;
    inner.objects.delete("a");
    await assert.rejects(store.read("a", 0, 1), { code: "store.not-found" });
    await assert.rejects(store.read("a", 110, 20), { code: "store.not-found" });
  });

  test("a failed request is not remembered", async () => {
    const { inner, store, read } = open();
    inner.gate = Promise.reject(new Error("no line"));
    await assert.rejects(store.read("a", 0, 1), /no line/);
    inner.gate = undefined;
    await read(0, 1);
  });

  test("a read of very much goes past the memory, as one request", async () => {
    const { inner, read } = open();
    await read(0, 900);
    assert.deepEqual([inner.reads, inner.sizes], [["0+900"], 0]);
  });

  test("what it gives belongs to the reader", async () => {
    const { store, read } = open();
    (await store.read("a", 0, 10)).fill(0);
    await read(0, 10);
  });
});
