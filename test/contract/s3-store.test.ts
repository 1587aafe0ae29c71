/** What only a store behind a network can do wrong, on a real Ceph gateway. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { nodeFiles } from "../../src/archive/files.ts";
import { type S3Options, S3Store } from "../../src/archive/store/s3-store.ts";
import { Ceph } from "../support/ceph.ts";
import { randomBytes } from "../support/random.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

let ceph: Ceph;
let buckets = 0;
const isThere = needs("ceph").skip === false;

before(async () => {
  if (isThere) ceph = await Ceph.start();
});
after(async () => {
  if (isThere) await ceph[Symbol.asyncDispose]();
});

function options(over: Partial<S3Options> = {}): S3Options {
  const { endpoint, accessKey, secretKey } = ceph;
  const bucket = `alone-${++buckets}`;
  return { endpoint, accessKey, secretKey, bucket, files: nodeFiles, ...over };
}

async function open(t: TestContext, over: Partial<S3Options> = {}) {
  const dir = tempDir("s3");
  t.after(() => dir[Symbol.dispose]());
  const chosen = options(over);
  const store = new S3Store(chosen);
  t.after(() => store.close());
  if (over.bucket === undefined) await new S3Store(options({ bucket: chosen.bucket })).makeBucket();
  const file = (content: Uint8Array | string) => {
    const path = join(dir.path, "local");
    writeFileSync(path, content);
    return path;
  };
  return { store, file, options: chosen };
}

/** Passes bytes on both ways; what comes back can be thrown away, as a broken line does. */
async function lossyProxy(
  target: string,
): Promise<{ endpoint: string; lose: boolean } & Disposable> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const proxy = { endpoint: "", lose: false, [Symbol.dispose]: () => close(server, sockets) };
  const server = createServer((from) => {
    const to = connect(Number(port), hostname);
    for (const socket of [from, to]) sockets.add(socket.on("error", () => {}));
    from.pipe(to);
    to.on("data", (bytes) => {
      if (proxy.lose) from.destroy();
      else from.write(bytes);
    });
    to.on("close", () => from.destroy());
    from.on("close", () => to.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return proxy;
}

function close(server: Server, sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
  server.close();
}

suite("S3 store", needs("ceph"), () => {
  test("wrong keys are a wrong setting, and so is no bucket", async () => {
    const fine = options();
    const isConfig = (over: Partial<S3Options>, message: RegExp) =>
      assert.rejects(new S3Store({ ...fine, ...over }).probe(), (error: Error) => {
        assert.equal("code" in error && error.code, "config.bad");
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /guess|archivesecret/);
        return true;
      });
    await isConfig({ secretKey: "a-wrong-guess" }, /AccessDenied/);
    await isConfig({ accessKey: "nobody" }, /AccessDenied/);
    await isConfig({}, /no such bucket/);
  });

  test("keys refused in the middle of work are no wrong setting: they may come back", async (t) => {
    const { options: fine, file } = await open(t);
    const store = new S3Store({ ...fine, secretKey: "a-wrong-guess" });
    const refused = { code: "store.unavailable" };
    await assert.rejects(store.put("a", file("x"), 1), refused);
    await assert.rejects(store.read("a", 0, 1), refused);
    await assert.rejects(store.size("a"), refused);
    await assert.rejects(store.delete(["a"]), refused);
    await assert.rejects(store.list("").next(), refused);
  });

  test("a bucket that is gone is trouble, not an archive without objects", async (t) => {
    const { store, file } = await open(t, { bucket: "was-never-there" });
    await assert.rejects(store.put("a", file("x"), 1), { code: "store.unavailable" });
    await assert.rejects(store.read("a", 0, 1), { code: "store.unavailable" });
    await assert.rejects(store.list("").next(), { code: "store.unavailable" });
  });

  test("refuses endpoints and prefixes that are none", () => {
    const fine = options();
    for (const endpoint of [
      "",
      "host:9000",
      "ftp://h",
      "http://u:p@h",
      "http://h/path",
      "http://h?x",
    ])
      assert.throws(() => new S3Store({ ...fine, endpoint }), { code: "config.bad" }, endpoint);
    for (const prefix of ["a", "/", "a//", "../", "a b/"])
      assert.throws(() => new S3Store({ ...fine, prefix }), { code: "config.bad" }, prefix);
  });

  test("two prefixes of one bucket do not see each other", async (t) => {
    const { options: fine, file } = await open(t);
    const one = new S3Store({ ...fine, prefix: "one/" });
    const two = new S3Store({ ...fine, prefix: "two/" });
    await one.put("a", file("1"), 1);
    await two.put("a", file("22"), 2);
    assert.deepEqual((await one.list("").next()).value, [{ key: "a", bytes: 1 }]);
    await two.delete(["a"]);
    assert.equal(await one.size("a"), 1);
  });

  test("sends a large file with little memory", { timeout: 300_000 }, async (t) => {
    const { store, file } = await open(t);
    const bytes = Buffer.concat(Array.from({ length: 64 }, () => randomBytes(1 << 20, 3)));
    const path = file(bytes);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const files = {
      ...nodeFiles,
      open: async (...args: Parameters<typeof nodeFiles.open>) => {
        const opened = await nodeFiles.open(...args);
        const read: typeof opened.read = (at, size) => {
          most = Math.max(most, process.memoryUsage().arrayBuffers - before);
          return opened.read(at, size);
        };
        return Object.assign(Object.create(opened), { read, close: () => opened.close() });
      },
    };
    const { options: fine } = await open(t);
    await new S3Store({ ...fine, files }).put("big", path, bytes.length);
    assert.ok(most > 0 && most < bytes.length / 2, `held ${most} bytes`);
    const tail = await new S3Store(fine).read("big", bytes.length - 1000, 1000);
    assert.ok(bytes.subarray(-1000).equals(tail));
    await store.close();
  });

  test("a file that changes while it is sent is not taken", async (t) => {
    const { options: fine, file } = await open(t);
    let reads = 0;
    const files = {
      ...nodeFiles,
      open: async (...args: Parameters<typeof nodeFiles.open>) => {
        if (++reads === 2) file("changed");
        return nodeFiles.open(...args);
      },
    };
    const store = new S3Store({ ...fine, files });
    await assert.rejects(store.put("a", file("content"), 7), { code: "store.unavailable" });
    assert.equal(await store.size("a"), undefined);
  });

  test("a put whose reply is lost is found to be done by the next try", async (t) => {
    using proxy = await lossyProxy(ceph.endpoint);
    const { store, file, options: fine } = await open(t, { endpoint: proxy.endpoint });
    const direct = new S3Store({ ...fine, endpoint: ceph.endpoint });
    proxy.lose = true;
    await assert.rejects(store.put("a", file("content"), 7), { code: "store.unavailable" });
    assert.equal(await direct.size("a"), 7);
    proxy.lose = false;
    await store.put("a", file("content"), 7);
    await assert.rejects(store.put("a", file("another"), 7), { code: "store.conflict" });
  });

  test("an object without our checksum is known by its tag", async (t) => {
    const { store, file, options: fine } = await open(t);
    const { Client } = await import("minio");
    const { hostname: endPoint, port } = new URL(fine.endpoint);
    const { accessKey, secretKey } = fine;
    const client = new Client({ endPoint, port: +port, useSSL: false, accessKey, secretKey });
    await client.putObject(fine.bucket, "a", "content");
    await store.put("a", file("content"), 7);
    await assert.rejects(store.put("a", file("another"), 7), { code: "store.conflict" });
  });

  test("a gateway that says nothing is unavailable, and works when it speaks again", async (t) => {
    const { store: patient, file, options: fine } = await open(t);
    await patient.put("a", file("content"), 7);
    const store = new S3Store({ ...fine, idleMs: 1500 });
    t.after(() => store.close());
    ceph.signal("client.rgw.0", "SIGSTOP");
    try {
      const silent = { code: "store.unavailable", message: /no answer for 1500 ms/ };
      await Promise.all([
        assert.rejects(store.read("a", 0, 7), silent),
        assert.rejects(store.size("a"), silent),
        assert.rejects(store.put("b", file("content"), 7), silent),
        assert.rejects(store.probe(), silent),
        assert.rejects(store.delete(["a"]), silent),
        assert.rejects(store.list("").next(), silent),
      ]);
      // A viewer who leaves does not wait for the silence to end.
      const leaving = new AbortController();
      const read = store.read("a", 0, 7, leaving.signal);
      setImmediate(() => leaving.abort(new Error("left")));
      await assert.rejects(read, /left/);
    } finally {
      ceph.signal("client.rgw.0", "SIGCONT");
    }
    await patient.put("c", file("content"), 7);
    assert.equal(Buffer.from(await patient.read("c", 0, 7)).toString(), "content");
  });

  test("reads do not wait behind uploads", async (t) => {
    using proxy = await lossyProxy(ceph.endpoint);
    const { options: fine, file } = await open(t);
    const store = new S3Store({ ...fine, uploads: 1 });
    t.after(() => store.close());
    await store.put("a", file("content"), 7);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const files = {
      ...nodeFiles,
      size: async (path: string) => held.then(() => nodeFiles.size(path)),
    };
    const slow = new S3Store({ ...fine, endpoint: proxy.endpoint, uploads: 1, files });
    const put = slow.put("b", file("content"), 7);
    assert.equal((await slow.read("a", 0, 7)).length, 7);
    release();
    await put;
  });

  test("a store that cannot encrypt says so, and stores nothing in the clear", async (t) => {
    const { store, file, options: fine } = await open(t, { sse: "AES256" });
    // This gateway has no keys of its own.
    const said = { code: "store.unavailable", message: /InvalidRequest/ };
    await assert.rejects(store.put("a", file("content"), 7), said);
    assert.equal(await new S3Store(fine).size("a"), undefined);
  });

  test("a full bucket is full", async (t) => {
    const { store, file } = await open(t);
    await ceph.limitBuckets(1);
    try {
      const bytes = randomBytes(2_000_000, 4);
      await assert.rejects(store.put("a", file(bytes), bytes.length), { code: "store.full" });
    } finally {
      await ceph.limitBuckets(undefined);
    }
  });

  // Last: for half a minute a new gateway waits for the dead one whenever a bucket is made.
  test("a gateway that is gone is unavailable, and works when it is back", async (t) => {
    const { store, file } = await open(t);
    await store.put("a", file("content"), 7);
    ceph.signal("client.rgw.0", "SIGKILL");
    const gone = { code: "store.unavailable" };
    await assert.rejects(store.read("a", 0, 7), gone);
    await assert.rejects(store.put("b", file("content"), 7), gone);
    await assert.rejects(store.probe(), gone);
    await ceph.revive();
    assert.equal(Buffer.from(await store.read("a", 0, 7)).toString(), "content");
    await store.put("b", file("content"), 7);
  });
});
