/** One suite for everything an object store may be: what the archive relies on, on every one of them. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { nodeFiles } from "../../src/archive/files.ts";
import { EncryptedStore } from "../../src/archive/store/encrypted-store.ts";
import { FolderStore } from "../../src/archive/store/folder-store.ts";
import type { ObjectStore, StoredObject } from "../../src/archive/store/object-store.ts";
import { ReadAheadStore } from "../../src/archive/store/read-ahead.ts";
import { S3Store } from "../../src/archive/store/s3-store.ts";
import { claimStore, storeIdentity } from "../../src/archive/store/store-identity.ts";
import { Ceph } from "../support/ceph.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { randomBytes } from "../support/random.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

let ceph: Ceph | undefined;
let buckets = 0;

/** A store of its own in a bucket of its own. */
async function s3(over: { idleMs?: number } = {}): Promise<S3Store> {
  const { endpoint, accessKey, secretKey } = ceph ?? assert.fail("no gateway");
  const bucket = `contract-${++buckets}`;
  const options = { endpoint, accessKey, secretKey, bucket, files: nodeFiles };
  const store = new S3Store({ ...options, prefix: "a/b/", ...over });
  await store.makeBucket();
  return store;
}

interface Kind {
  readonly name: string;
  readonly skip: string | false;
  /** Objects in the listing test. */
  readonly many: number;
  open(dir: string): Promise<ObjectStore>;
  /** Makes objects in a way that is quicker than `put`. */
  readonly fill?: (dir: string, names: readonly string[]) => void;
}

const kinds: readonly Kind[] = [
  { name: "memory", skip: false, many: 1100, open: async () => new MemoryStore() },
  { name: "folder", skip: false, many: 10_000, open: async (dir) => folderStore(dir), fill },
  { name: "S3", ...needs("ceph"), many: 1100, open: () => s3() },
  {
    name: "read-ahead over S3",
    ...needs("ceph"),
    many: 50,
    open: async () => new ReadAheadStore({ inner: await s3(), blockBytes: 65_536 }),
  },
  {
    name: "encrypted over folder",
    skip: false,
    many: 300,
    open: (dir) => encrypted(dir, folderStore(dir)),
  },
  {
    name: "encrypted over S3",
    ...needs("ceph"),
    many: 50,
    open: async (dir) => encrypted(dir, await s3()),
  },
];

function encrypted(dir: string, inner: ObjectStore): Promise<EncryptedStore> {
  const masterKey = randomBytes(32, 1);
  return EncryptedStore.open({ inner, masterKey, tempDir: join(dir, "temp"), files: nodeFiles });
}

function folderStore(dir: string): FolderStore {
  mkdirSync(join(dir, "packs"));
  return new FolderStore({ root: join(dir, "packs"), files: nodeFiles });
}

/** Ten thousand times three fsyncs would be most of this file's time. */
function fill(dir: string, names: readonly string[]): void {
  for (const folder of new Set(names.map((name) => dirname(name))))
    mkdirSync(join(dir, "packs", folder), { recursive: true });
  for (const name of names) writeFileSync(join(dir, "packs", name), "x");
}

interface Bench {
  readonly dir: string;
  readonly store: ObjectStore;
  /** A local file with this content; its path. */
  file(content: Uint8Array | string): string;
  /** Makes a file and puts it. */
  put(key: string, content: Uint8Array | string): Promise<void>;
}

async function open(kind: Kind, t: TestContext): Promise<Bench> {
  const dir = tempDir("store");
  t.after(() => dir[Symbol.dispose]());
  const store = await kind.open(dir.path);
  t.after(() => store.close());
  let files = 0;
  const file = (content: Uint8Array | string) => {
    const path = join(dir.path, `local-${++files}`);
    writeFileSync(path, content);
    return path;
  };
  const put = (key: string, content: Uint8Array | string) =>
    store.put(key, file(content), Buffer.byteLength(content));
  return { dir: dir.path, store, file, put };
}

async function all(store: ObjectStore, prefix: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const page of store.list(prefix)) found.push(...page);
  return found;
}

const keys = async (store: ObjectStore, prefix = "") =>
  (await all(store, prefix)).map(({ key }) => key);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

before(async () => {
  if (needs("ceph").skip === false) ceph = await Ceph.start();
});
after(() => ceph?.[Symbol.asyncDispose]());

for (const kind of kinds)
  suite(`object store: ${kind.name}`, { skip: kind.skip }, () => {
    test("gives back any range of what was put", async (t) => {
      const { store, put } = await open(kind, t);
      const bytes = randomBytes(300_000, 7);
      await put("cam/2026/01/02/a.mkv", bytes);
      const ranges = [
        [0, 300_000],
        [0, 1],
        [299_999, 1],
        [65_535, 2],
        [131_072, 65_536],
        [100_000, 150_000],
      ] as const;
      for (const [offset, size] of ranges) {
        const got = await store.read("cam/2026/01/02/a.mkv", offset, size);
        assert.ok(Buffer.from(got).equals(bytes.subarray(offset, offset + size)), `at ${offset}`);
      }
      assert.equal(await store.size("cam/2026/01/02/a.mkv"), 300_000);
    });

    test("takes an empty object", async (t) => {
      const { store, put } = await open(kind, t);
      await put("empty", "");
      assert.equal(await store.size("empty"), 0);
      assert.deepEqual(await all(store, ""), [{ key: "empty", bytes: 0 }]);
    });

    test("says of what is not there that it is not there", async (t) => {
      const { store, put } = await open(kind, t);
      await put("a/b", "x");
      for (const key of ["a/c", "a", "a/b/c"]) {
        assert.equal(await store.size(key), undefined, key);
        await assert.rejects(store.read(key, 0, 1), { code: "store.not-found" }, key);
      }
    });

    test("never gives fewer bytes than were asked for", async (t) => {
      const { store, put } = await open(kind, t);
      await put("a", "12345");
      for (const [offset, size] of [
        [0, 6],
        [4, 2],
        [5, 1],
        [1000, 10],
      ] as const)
        await assert.rejects(store.read("a", offset, size), { code: "store.corrupt" });
    });

    test("does a put again that was done, with the file and without", async (t) => {
      const { store, file } = await open(kind, t);
      const path = file("content");
      await store.put("a", path, 7);
      await store.put("a", file("content"), 7);
      await store.put("a", join(path, "../gone"), 7);
      assert.equal(text(await store.read("a", 0, 7)), "content");
    });

    test("leaves an object as it is when another one is put under its key", async (t) => {
      const { store, file, put } = await open(kind, t);
      await put("a", "first");
      await assert.rejects(put("a", "other"), { code: "store.conflict" });
      await assert.rejects(put("a", "longer than it"), { code: "store.conflict" });
      await assert.rejects(store.put("a", join(file(""), "../gone"), 6), {
        code: "store.conflict",
      });
      assert.equal(text(await store.read("a", 0, 5)), "first");
    });

    test("refuses a put of nothing, and of a file that is not as long as it should be", async (t) => {
      const { store, file } = await open(kind, t);
      await assert.rejects(store.put("a", join(file(""), "../gone"), 3), {
        code: "store.not-found",
      });
      for (const bytes of [6, 8])
        await assert.rejects(store.put("a", file("content"), bytes), { code: "store.corrupt" });
      assert.equal(await store.size("a"), undefined);
    });

    test("of many puts of one key at once, one wins and stays", async (t) => {
      const { store, put } = await open(kind, t);
      for (let round = 0; round < 5; round++) {
        const key = `race/${round}`;
        const contents = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(1000));
        const ends = await Promise.allSettled(contents.map((content) => put(key, content)));
        const won = contents.filter((_, i) => ends[i]?.status === "fulfilled");
        assert.equal(won.length, 1, `round ${round}`);
        for (const end of ends)
          if (end.status === "rejected") assert.equal(end.reason.code, "store.conflict");
        assert.equal(text(await store.read(key, 0, 1000)), won[0]);
      }
    });

    test("of many puts of one key with one content, all succeed", async (t) => {
      const { store, put } = await open(kind, t);
      await Promise.all(Array.from({ length: 8 }, () => put("a", "same")));
      assert.equal(text(await store.read("a", 0, 4)), "same");
    });

    test("deletes many, whether they are there or not", async (t) => {
      const { store, put } = await open(kind, t);
      for (const key of ["a/1", "a/2", "a/3"]) await put(key, key);
      await store.delete(["a/1", "a/3", "a/4"]);
      await store.delete(["a/1"]);
      await store.delete([]);
      assert.deepEqual(await keys(store), ["a/2"]);
      await put("a/1", "anew");
      assert.equal(text(await store.read("a/1", 0, 4)), "anew");
    });

    test("lists by prefix in the order of the whole key", async (t) => {
      const { store, put } = await open(kind, t);
      const names = ["a-b", "a.b/c", "a/b", "a/b-", "a/b.c", "a/b0", "a/bc/d", "a0", "a_", "b/A"];
      for (const name of names.toReversed()) await put(name, name);
      assert.deepEqual(await keys(store), names);
      assert.deepEqual(await keys(store, "a/"), ["a/b", "a/b-", "a/b.c", "a/b0", "a/bc/d"]);
      assert.deepEqual(await keys(store, "a/b"), ["a/b", "a/b-", "a/b.c", "a/b0", "a/bc/d"]);
      assert.deepEqual(await keys(store, "a/bc"), ["a/bc/d"]);
      assert.deepEqual(await keys(store, "c"), []);
      assert.deepEqual(await keys(store, "no/such/"), []);
    });

    // Encryption is above it: whose it is, is written to the store beneath.
    if (!kind.name.startsWith("encrypted"))
      test("does not list the object that says whose it is", async (t) => {
        const { dir, store, put } = await open(kind, t);
        await claimStore(store, "an-archive", { files: nodeFiles, dir });
        await put("a/1", "x");
        assert.equal(await storeIdentity(store), "an-archive");
        assert.deepEqual(await keys(store), ["a/1"]);
      });

    test("lists and deletes many, some at a time", { timeout: 300_000 }, async (t) => {
      const { dir, store, put } = await open(kind, t);
      const names = Array.from({ length: kind.many }, (_, i) => `m/${i % 7}/${i}`).sort();
      if (kind.fill === undefined) await inParallel(names, 8, (name) => put(name, "x"));
      else kind.fill(dir, names);
      const sizes: number[] = [];
      const found: string[] = [];
      for await (const page of store.list("m/")) {
        sizes.push(page.length);
        found.push(...page.map(({ key }) => key));
      }
      assert.deepEqual(found, names);
      assert.ok(sizes.length >= kind.many / 1000, `pages of ${sizes}`);
      await store.delete(names);
      assert.deepEqual(await keys(store), []);
    });

    test("takes odd keys, and refuses those that are none", async (t) => {
      const { store, put } = await open(kind, t);
      const odd = ["-", "..a", "a..", "a/...b/c", "007", "1e3", "0x1f", "a/A", "_.-/-._"];
      odd.push(`${"long/".repeat(100)}${"n".repeat(200)}`);
      for (const key of odd) await put(key, key);
      for (const key of odd) assert.equal(text(await store.read(key, 0, key.length)), key);
      assert.deepEqual(await keys(store), odd.sort());
      const none = ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "a b", "ä"];
      none.push("a\\b", "a\0", "a~b", "a%2Fb", "a".repeat(901));
      for (const key of none) {
        await assert.rejects(async () => put(key, "x"), { code: "store.not-found" }, key);
        await assert.rejects(async () => store.read(key, 0, 1), { code: "store.not-found" }, key);
        await assert.rejects(async () => store.size(key), { code: "store.not-found" }, key);
        await assert.rejects(async () => store.delete([key]), { code: "store.not-found" }, key);
      }
    });

    test("gives up a read whose signal has aborted", async (t) => {
      const { store, put } = await open(kind, t);
      await put("a", "12345");
      const reason = new Error("the viewer left");
      await assert.rejects(async () => store.read("a", 0, 5, AbortSignal.abort(reason)), reason);
    });

    test("can be probed and has a name without secrets", async (t) => {
      const { store, put } = await open(kind, t);
      await store.probe();
      await put("a", "x");
      await store.probe();
      assert.doesNotMatch(store.name, /secret/);
      const space = await store.space();
      if (space !== undefined) assert.ok(space.free <= space.total && space.total > 0);
    });
  });

async function inParallel(
  names: readonly string[],
  workers: number,
  work: (name: string) => Promise<void>,
): Promise<void> {
  const left = [...names];
  const run = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name);
  };
  await Promise.all(Array.from({ length: workers }, run));
}

suite("object store: folder, alone", () => {
  test("a put that moved the file and lost its reply is done again", async (t) => {
    using dir = tempDir("store");
    let fail = true;
    const files = {
      ...nodeFiles,
      async syncDir(path: string) {
        if (path.endsWith("cam") && fail) throw new Error("no reply");
        await nodeFiles.syncDir(path);
      },
    };
    const store = new FolderStore({ root: join(dir.path, "packs"), files });
    t.after(() => store.close());
    const path = join(dir.path, "file");
    writeFileSync(path, "content");
    await assert.rejects(store.put("cam/a", path, 7), /no reply/);
    fail = false;
    await store.put("cam/a", path, 7);
    assert.equal(readFileSync(join(dir.path, "packs/cam/a"), "utf8"), "content");
  });
});
