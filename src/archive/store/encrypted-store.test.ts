import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { MemoryStore } from "../../../test/support/memory-store.ts";
import { randomBytes } from "../../../test/support/random.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { nodeFiles } from "../files.ts";
import { CHUNK_BYTES, plainSize, sealedSize } from "./encrypted-object.ts";
import { EncryptedStore } from "./encrypted-store.ts";

const MASTER = randomBytes(32, 1);
const KEY = "cam/a.mkv";
const BYTES = randomBytes(3 * CHUNK_BYTES + 100, 2);
const HEADER = 64;
const SEALED = CHUNK_BYTES + 16;

async function open(t: TestContext, inner = new MemoryStore(), masterKey: Buffer = MASTER) {
  const dir = tempDir("encrypted");
  t.after(() => dir[Symbol.dispose]());
  const tempFolder = join(dir.path, "temp");
  const store = await EncryptedStore.open({
    inner,
    masterKey,
    tempDir: tempFolder,
    files: nodeFiles,
  });
  let files = 0;
  const put = (key: string, content: Uint8Array) => {
    const path = join(dir.path, `${++files}`);
    writeFileSync(path, content);
    return store.put(key, path, content.length);
  };
  return { store, inner, put, tempFolder };
}

/** The stored bytes of an object, changed in place by the test. */
function stored(inner: MemoryStore, key = KEY): Buffer {
  const found = inner.objects.get(key) ?? assert.fail(`no ${key}`);
  return Buffer.from(found.buffer, found.byteOffset, found.length);
}

const corrupt = { code: "store.corrupt" };

suite("EncryptedStore", () => {
  test("keeps nothing readable in the store", async (t) => {
    const { inner, put } = await open(t);
    const text = Buffer.from("the licence plate ".repeat(5000));
    await put(KEY, text);
    for (const [key, bytes] of inner.objects)
      assert.ok(!Buffer.from(bytes).includes("licence plate"), key);
    assert.equal(stored(inner).length, sealedSize(text.length));
  });

  test("the same content under the same key makes the same bytes, so a lost reply can be repeated", async (t) => {
    const { inner, put } = await open(t);
    await put(KEY, BYTES);
    const first = Buffer.from(stored(inner));
    inner.objects.delete(KEY);
    await put(KEY, BYTES);
    assert.ok(stored(inner).equals(first));
    await put("cam/b.mkv", BYTES);
    assert.ok(!stored(inner, "cam/b.mkv").subarray(HEADER).equals(first.subarray(HEADER)));
  });

  test("notices every byte that was changed", async (t) => {
    const { store, inner, put } = await open(t);
    await put(KEY, BYTES.subarray(0, 1000));
    const bytes = stored(inner);
    for (const at of [...Array(HEADER).keys(), HEADER, 500, bytes.length - 17, bytes.length - 1]) {
      const fresh = (await open(t, inner)).store;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await assert.rejects(fresh.read(KEY, 0, 1000), (error: { code?: string }) => {
        // Another key's id looks as if its key had been erased.
        const isKeyId = at >= 8 && at < 24;
        assert.equal(error.code, isKeyId ? "store.not-found" : "store.corrupt", `byte ${at}`);
        return true;
      });
      bytes[at] = (bytes[at] ?? 0) ^ 1;
    }
    assert.ok(BYTES.subarray(0, 1000).equals(await store.read(KEY, 0, 1000)));
  });

  test("notices chunks that changed places, came from another object or are missing", async (t) => {
    const { store, inner, put } = await open(t);
    await put(KEY, BYTES);
    await put("cam/b.mkv", BYTES);
    const bytes = stored(inner);
    const good = Buffer.from(bytes);
    const chunk = (of: Buffer, i: number) =>
      of.subarray(HEADER + i * SEALED, HEADER + (i + 1) * SEALED);
    chunk(bytes, 0).set(chunk(good, 1));
    await assert.rejects(store.read(KEY, 0, 10), corrupt);
    chunk(bytes, 0).set(chunk(stored(inner, "cam/b.mkv"), 0));
    await assert.rejects(store.read(KEY, 0, 10), corrupt);
    chunk(bytes, 0).set(chunk(good, 0));
    assert.equal((await store.read(KEY, 0, 10)).length, 10);
    inner.objects.set(KEY, Buffer.from(stored(inner, "cam/b.mkv")));
    await assert.rejects(store.read(KEY, 0, 10), corrupt);
    // Cut at a chunk's end, with the header telling the lie, too.
    const cut = Buffer.from(good.subarray(0, HEADER + 3 * SEALED));
    inner.objects.set(KEY, cut);
    await assert.rejects(store.read(KEY, 3 * CHUNK_BYTES, 10), corrupt);
    cut.writeBigUInt64BE(BigInt(3 * CHUNK_BYTES), 56);
    const fresh = (await open(t, inner)).store;
    for (let i = 0; i < 3; i++) await assert.rejects(fresh.read(KEY, i * CHUNK_BYTES, 10), corrupt);
  });

  test("another master key is a wrong setting, at the probe and at the first use", async (t) => {
    const { store, inner, put } = await open(t);
    await store.probe();
    await put(KEY, BYTES);
    const other = await open(t, inner, randomBytes(32, 99));
    const wrong = { code: "config.bad", message: /another key/ };
    await assert.rejects(other.store.probe(), wrong);
    await assert.rejects(other.store.read(KEY, 0, 1), wrong);
    await assert.rejects(other.put("cam/b.mkv", BYTES), wrong);
    await (await open(t, inner)).store.probe();
  });

  test("refuses a store that has objects in the clear", async (t) => {
    const inner = new MemoryStore();
    inner.objects.set("cam/old.mkv", Buffer.from("plain"));
    const { store } = await open(t, inner);
    await assert.rejects(store.probe(), { code: "config.bad", message: /not encrypted/ });
    await assert.rejects(store.read("cam/old.mkv", 0, 1), corrupt);
    await assert.rejects(store.size("cam/old.mkv"), corrupt);
  });

  test("a store that was away at the start is looked at before the first object", async (t) => {
    const { inner, put } = await open(t);
    await put(KEY, BYTES);
    await (await open(t, inner)).store.probe();
    const clear = new MemoryStore();
    clear.objects.set("cam/old.mkv", Buffer.from("plain"));
    await assert.rejects((await open(t, clear)).put(KEY, BYTES), { code: "config.bad" });
    assert.deepEqual([...clear.objects.keys()], ["cam/old.mkv"]);
  });

  test("a stream whose key was erased is gone, its objects with it; others stay", async (t) => {
    const { store, inner, put } = await open(t);
    await put(KEY, BYTES);
    await put("door/a.mkv", BYTES);
    await store.read(KEY, 0, 1);
    await store.eraseKey("cam");
    await assert.rejects(store.read(KEY, 0, 1), { code: "store.not-found", message: /erased/ });
    assert.equal((await store.read("door/a.mkv", 0, 1)).length, 1);
    await put("cam/new.mkv", BYTES);
    assert.equal((await store.read("cam/new.mkv", 0, 1)).length, 1);
    await assert.rejects(store.read(KEY, 0, 1), { code: "store.not-found", message: /erased/ });
    await assert.rejects((await open(t, inner)).store.read(KEY, 0, 1), { code: "store.not-found" });
  });

  test("two nodes that make a stream's key at once use the same one", async (t) => {
    const inner = new MemoryStore();
    const nodes = await Promise.all([open(t, inner), open(t, inner), open(t, inner)]);
    await Promise.all(nodes.map(({ put }, i) => put(`cam/${i}.mkv`, BYTES)));
    for (const { store } of nodes)
      for (let i = 0; i < nodes.length; i++)
        assert.ok(BYTES.subarray(0, 9).equals(await store.read(`cam/${i}.mkv`, 0, 9)));
  });

  test("a changed stream key is damage, and one of another stream is, too", async (t) => {
    const { inner, put } = await open(t);
    await put(KEY, BYTES);
    await put("door/a.mkv", BYTES);
    inner.objects.set("keys/cam.json", inner.objects.get("keys/door.json") ?? assert.fail());
    await assert.rejects((await open(t, inner)).store.read(KEY, 0, 1), corrupt);
    inner.objects.set("keys/cam.json", Buffer.from("{"));
    await assert.rejects((await open(t, inner)).store.read(KEY, 0, 1), corrupt);
  });

  test("what is put after another node has erased the key is not encrypted with that key", async (t) => {
    const inner = new MemoryStore();
    const [here, there] = [await open(t, inner), await open(t, inner)];
    await here.put(KEY, BYTES);
    await there.store.eraseKey("cam");
    await here.put("cam/b.mkv", BYTES);
    const fresh = await open(t, inner);
    assert.ok(BYTES.subarray(5, 10).equals(await fresh.store.read("cam/b.mkv", 5, 5)));
    await assert.rejects(fresh.store.read(KEY, 5, 5), { code: "store.not-found" });
  });

  test("its own objects are nobody else's", async (t) => {
    const { store, put } = await open(t);
    await store.probe();
    await put(KEY, BYTES);
    for (const key of ["keys/cam.json", "encryption.json", "keys/long/x.json"]) {
      await assert.rejects(store.delete([key]), { code: "store.not-found" });
      await assert.rejects(put(key, BYTES), { code: "store.not-found" });
    }
    for await (const page of store.list(""))
      assert.deepEqual(page, [{ key: KEY, bytes: BYTES.length }]);
  });

  test("leaves no encrypted copies behind, its own or a crash's", async (t) => {
    const { store, put, tempFolder, inner } = await open(t);
    await put(KEY, BYTES);
    await assert.rejects(put(KEY, BYTES.subarray(1)), { code: "store.conflict" });
    assert.deepEqual(readdirSync(tempFolder), []);
    writeFileSync(join(tempFolder, "left"), "x");
    await EncryptedStore.open({ inner, masterKey: MASTER, tempDir: tempFolder, files: nodeFiles });
    assert.deepEqual(readdirSync(tempFolder), []);
    await store.close();
  });

  test("takes streams with the longest name there is", async (t) => {
    const { store, put } = await open(t);
    const key = `${"s".repeat(256)}/a.mkv`;
    await put(key, BYTES);
    assert.ok(BYTES.subarray(5, 10).equals(await store.read(key, 5, 5)));
  });
});

suite("sizes of encrypted objects", () => {
  test("tell the size of the plaintext, or that there is none", () => {
    for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 1e9])
      assert.equal(plainSize(sealedSize(size)), size);
    for (const bytes of [0, 63, 64, 79, HEADER + SEALED + 1, HEADER + SEALED + 16])
      assert.equal(plainSize(bytes), undefined, `${bytes}`);
  });
});
