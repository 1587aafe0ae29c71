/** Every stack of stores that settings can ask for, on a real gateway. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, before, suite, type TestContext, test } from "node:test";
import { noEvents } from "../../src/archive/events.ts";
import { nodeFiles } from "../../src/archive/files.ts";
import { openStore, type StoreSettings } from "../../src/archive/store/open-store.ts";
import { realClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { noMeters } from "../../src/base/meters.ts";
import type { CliContext } from "../../src/server/cli/context.ts";
import { reindex } from "../../src/server/cli/maintenance.ts";
import { readConfig } from "../../src/server/config.ts";
import { openArchive } from "../../src/server/open-archive.ts";
import { allFragments, assertSame } from "../support/archives.ts";
import { Ceph } from "../support/ceph.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

let ceph: Ceph;
const isThere = needs("ceph").skip === false;
before(async () => {
  if (isThere) ceph = await Ceph.start();
});
after(async () => {
  if (isThere) await ceph[Symbol.asyncDispose]();
});

function bench(t: TestContext) {
  const dir = tempDir("open-store");
  t.after(() => dir[Symbol.dispose]());
  mkdirSync(join(dir.path, "packs"));
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (event: string) => warned.push(event) };
  const file = (content: string | Uint8Array) => {
    const path = join(dir.path, "file");
    writeFileSync(path, content);
    return path;
  };
  const open = async (settings: StoreSettings) => {
    const opened = await openStore(settings, { dataDir: dir.path, files: nodeFiles, log });
    t.after(() => opened.store.close());
    return opened;
  };
  return { open, file, warned, path: dir.path };
}

function bucket(name: string, over: Partial<NonNullable<StoreSettings["s3"]>> = {}) {
  const { endpoint, accessKey, secretKey } = ceph;
  return { endpoint, accessKey, secretKey, bucket: name, prefix: "p/", ...over };
}

suite("openStore", () => {
  test("a folder, in the clear or encrypted, and never one for the other", async (t) => {
    const { open, file, path } = bench(t);
    const key = join(path, "key");
    writeFileSync(key, `${"5a".repeat(32)}\n`);
    const encrypted = await open({ encryptionKeyFile: key });
    assert.equal(encrypted.store.remote, false);
    await encrypted.store.put("cam/a", file("content"), 7);
    await assert.rejects(open({}), { code: "config.bad", message: /is encrypted/ });
    await encrypted.eraseKey?.("cam");
    await assert.rejects(encrypted.store.read("cam/a", 0, 7), { code: "store.not-found" });
    const plain = bench(t);
    const { store, eraseKey } = await plain.open({});
    assert.equal(eraseKey, undefined);
    await store.put("cam/a", plain.file("content"), 7);
    await assert.rejects(plain.open({ encryptionKeyFile: key }), { code: "config.bad" });
  });

  test("a key file is 32 bytes or 64 digits, and is never repeated", async (t) => {
    const { open, path } = bench(t);
    const key = join(path, "key");
    const open1 = () => open({ encryptionKeyFile: key });
    await assert.rejects(open1(), { code: "config.bad", message: /ENOENT/ });
    for (const bad of ["", "hunter2", "z".repeat(64), "ab".repeat(31), "x".repeat(33)]) {
      writeFileSync(key, bad);
      await assert.rejects(open1(), (error: Error) => !/hunter2|zzz/.test(error.message));
    }
    writeFileSync(key, "\0".repeat(32));
    await open1();
  });

  test("a bucket that is made, with encryption and read-ahead", needs("ceph"), async (t) => {
    const { open, file, path } = bench(t);
    const key = join(path, "key");
    writeFileSync(key, "ab".repeat(32));
    const { store, eraseKey } = await open({ s3: bucket("made-here"), encryptionKeyFile: key });
    assert.equal(store.remote, true);
    await store.put("cam/a", file("content"), 7);
    assert.equal(Buffer.from(await store.read("cam/a", 0, 7)).toString(), "content");
    await assert.rejects(open({ s3: bucket("made-here") }), { code: "config.bad" });
    await eraseKey?.("cam");
    await assert.rejects(store.read("cam/a", 0, 7), { code: "store.not-found" });
    assert.doesNotMatch(store.name, /secret/);
  });

  test(
    "a prefix is one archive's: no other starts on it, and the folder that was lost is made anew from it",
    needs("ceph"),
    async (t) => {
      const { path } = bench(t);
      const key = join(path, "key");
      writeFileSync(key, "cd".repeat(32));
      const { endpoint, bucket: s3Bucket, accessKey, secretKey } = bucket("claimed");
      const configOf = (dataDir: string) =>
        readConfig({
          env: { STREAMBANK_S3_ACCESS_KEY: accessKey, STREAMBANK_S3_SECRET_KEY: secretKey },
          flags: {
            ...{ store: "s3", "s3-endpoint": endpoint, "s3-bucket": s3Bucket },
            ...{ "encryption-key-file": key, "data-dir": join(path, dataDir) },
          },
        });
      const common = { clock: realClock, log: silentLogger, meters: noMeters, events: noEvents };
      const { archive } = await openArchive(configOf("one"), common);
      await archive.create({ name: "cam", retentionHours: 24 });
      const recording = await archive.open({ stream: "cam", session: "s" });
      const fragment = aFragment({ number: recording.nextNumber(), startMs: START_MS });
      await recording.append(fragment);
      await recording.close();
      await archive.dropStream("cam");
      await archive.settled();
      await archive.close();
      const foreign = { code: "config.bad", message: /reindex/ };
      await assert.rejects(openArchive(configOf("two"), common), foreign);
      const flags = ["--store", "s3", "--s3-endpoint", endpoint, "--s3-bucket", s3Bucket];
      const code = await reindex(
        [...flags, "--encryption-key-file", key, "--data-dir", join(path, "three")],
        {
          ...{ stdout: new PassThrough(), stderr: new PassThrough(), clock: realClock },
          env: { STREAMBANK_S3_ACCESS_KEY: accessKey, STREAMBANK_S3_SECRET_KEY: secretKey },
        } as unknown as CliContext,
      );
      assert.equal(code, 0);
      const third = await openArchive(configOf("three"), common);
      const [stored] = await allFragments(third.archive, "cam");
      await assertSame(third.archive, stored ?? assert.fail("nothing is there"), fragment);
      for await (const page of third.archive.store.list(""))
        assert.deepEqual(
          page.map(({ key: name }) => name),
          [`${stored?.packId}.mkv`],
        );
      await third.archive.close();
    },
  );

  test("any region makes a bucket on a store without regions", needs("ceph"), async (t) => {
    const { open, file } = bench(t);
    const { store } = await open({ s3: bucket("regional", { region: "eu-central-1" }) });
    await store.put("cam/a", file("content"), 7);
  });

  test("wrong keys stop the start", needs("ceph"), async (t) => {
    const { open } = bench(t);
    const s3 = bucket("never", { secretKey: "a-wrong-guess" });
    await assert.rejects(open({ s3 }), { code: "config.bad" });
  });

  test(
    "a store that is away does not stop the start, and is used when it is back",
    needs("ceph"),
    async (t) => {
      const { open, file, warned } = bench(t);
      await open({ s3: bucket("away") });
      ceph.signal("client.rgw.0", "SIGKILL");
      const { store } = await open({ s3: bucket("away") });
      assert.deepEqual(warned, ["store.away"]);
      await assert.rejects(store.put("cam/a", file("content"), 7), { code: "store.unavailable" });
      await ceph.revive();
      await store.put("cam/a", file("content"), 7);
      assert.equal(await store.size("cam/a"), 7);
    },
  );
});
