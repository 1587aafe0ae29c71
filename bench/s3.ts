/**
 * Our S3 store against the bare minio client on the same gateway (Ceph, objects in memory): packs of 16 MB put,
 * ranges of 256 KB got 16 at a time, and a pack read from its start to its end a fragment at a time. Ours hashes each
 * file first, has the gateway check it, looks at the object afterwards and never overwrites; the client does less.
 */
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "minio";
import { nodeFiles } from "../src/archive/files.ts";
import { ReadAheadStore } from "../src/archive/store/read-ahead.ts";
import { S3Store } from "../src/archive/store/s3-store.ts";
import { Ceph } from "../test/support/ceph.ts";
import { randomBytes } from "../test/support/random.ts";
import { tempDir } from "../test/support/temp-dir.ts";
import { judge, race, report, type Sample } from "./harness.ts";

const ROUNDS = 5;
const PACK = 16 << 20;
const PACKS = 8;
const FRAGMENT = 256 << 10;
const BUCKET = "bench";

await using ceph = await Ceph.start();
using dir = tempDir("bench-s3");
const path = join(dir.path, "pack");
writeFileSync(path, randomBytes(PACK, 1));

const { endpoint, accessKey, secretKey } = ceph;
const url = new URL(endpoint);
const store = new S3Store({ endpoint, accessKey, secretKey, bucket: BUCKET, files: nodeFiles });
await store.makeBucket();
const client = new Client({
  endPoint: url.hostname,
  port: Number(url.port),
  useSSL: false,
  region: "us-east-1",
  ...{ accessKey, secretKey },
});

/** MB/s of `count` pieces of work, `atOnce` at a time. */
async function rate(
  work: { count: number; atOnce: number; bytes: number },
  run: (i: number) => Promise<void>,
): Promise<Sample> {
  let next = 0;
  const worker = async () => {
    while (next < work.count) await run(next++);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: work.atOnce }, worker));
  return { rate: (work.count * work.bytes) / 1000 / (performance.now() - began) };
}

let serial = 0;
async function puts(put: (key: string) => Promise<unknown>): Promise<Sample> {
  const keys = Array.from({ length: PACKS }, () => `put/${++serial}.mkv`);
  const sample = await rate({ count: PACKS, atOnce: 2, bytes: PACK }, async (i) => {
    await put(keys[i] ?? "");
  });
  await store.delete(keys);
  return sample;
}

async function bareRange(offset: number, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of await client.getPartialObject(BUCKET, "get.mkv", offset, size))
    pieces.push(piece);
  return Buffer.concat(pieces);
}

type Read = (offset: number, size: number) => Promise<Uint8Array>;
const places = Array.from({ length: 256 }, (_, i) => ((i * 7919) % 64) * FRAGMENT);

function ranges(read: Read): Promise<Sample> {
  return rate({ count: places.length, atOnce: 16, bytes: FRAGMENT }, async (i) => {
    const got = await read(places[i] ?? 0, FRAGMENT);
    if (got.length !== FRAGMENT) throw new Error(`${got.length} bytes`);
  });
}

function inOrder(read: Read): Promise<Sample> {
  return rate({ count: PACK / FRAGMENT, atOnce: 1, bytes: FRAGMENT }, async (i) => {
    await read(i * FRAGMENT, FRAGMENT);
  });
}

const put = await race({
  runs: ROUNDS,
  a: () => puts((key) => store.put(key, path, PACK)),
  b: () => puts((key) => client.putObject(BUCKET, key, createReadStream(path), PACK)),
});
await store.put("get.mkv", path, PACK);
const get = await race({
  runs: ROUNDS,
  a: () => ranges((offset, size) => store.read("get.mkv", offset, size)),
  b: () => ranges(bareRange),
});
const sequential = await race({
  runs: ROUNDS,
  a: () => {
    const ahead = new ReadAheadStore({ inner: store });
    return inOrder((offset, size) => ahead.read("get.mkv", offset, size));
  },
  b: () => inOrder(bareRange),
});

const bar = (ratio: number) => ({ unit: "MB/s", bar: { op: ">=", ratio } as const });
report(judge({ name: "S3: packs put, against the bare client", ...bar(0.7) }, "rate", put));
report(judge({ name: "S3: ranges got, against the bare client", ...bar(0.8) }, "rate", get));
report(
  judge({ name: "S3: a pack read in order, against ranges", ...bar(1.2) }, "rate", sequential),
);
await store.close();
