/**
 * How long a producer waits: from the last byte of a fragment handed to the kernel to its PERSISTED, against a bare
 * write + fdatasync of the same bytes and a second small write + fdatasync (the index commit) on the same disk. The
 * two take turns fragment by fragment. The way over the loopback and the parsing are in ours only.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type PutMediaCall, putMedia } from "../test/support/put-media.ts";
import { startServerProcess } from "../test/support/server.ts";
import { judge, percentile, report, type Sample } from "./harness.ts";
import { type ByteRange, benchFolder, type Recording, recording } from "./media.ts";

const STREAM = "bench";
const ROUNDS = 3;
const FRAGMENTS = 100;
/** The first ones warm up both sides and do not count. */
const WARM_UP = 10;
const SOCKET_CHUNK = 64 << 10;

/** An element with a one-byte size (RFC 8794 §6): for payloads under 127 bytes. */
function element(id: string, ...payload: readonly Buffer[]): Buffer {
  const body = Buffer.concat(payload);
  return Buffer.concat([Buffer.from(id, "hex"), Buffer.from([0x80 | body.length]), body]);
}

/** KVS's mark: the fragment is over. Without it a server may have to wait for the next Cluster. */
const TAG_NAME = element("45a3", Buffer.from("AWS_KINESISVIDEO_END_OF_FRAGMENT"));
const TAG_VALUE = element("4487", Buffer.from("1"));
const END_OF_FRAGMENT = element(
  "1254c367",
  element("7373", element("63c0"), element("67c8", TAG_NAME, TAG_VALUE)),
);

async function readRange(file: FileHandle, { offset, size }: ByteRange): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, offset);
  return buffer;
}

/** Milliseconds from the last byte written to the ack. */
async function throughServer(call: PutMediaCall, bytes: Buffer, count: number): Promise<number> {
  for (let at = 0; at < bytes.length; at += SOCKET_CHUNK)
    await call.write(bytes.subarray(at, at + SOCKET_CHUNK));
  const sent = performance.now();
  await call.until((acks) => acks.filter((a) => a.EventType === "PERSISTED").length >= count);
  return performance.now() - sent;
}

async function bareWrite(media: FileHandle, index: FileHandle, bytes: Buffer): Promise<number> {
  const began = performance.now();
  await media.write(bytes);
  await media.datasync();
  await index.write("".padEnd(200));
  await index.datasync();
  return performance.now() - began;
}

/** Medians and 99th percentiles of one round with a fresh server. */
async function round(input: Recording, folder: string): Promise<{ ours: Sample; bare: Sample }> {
  const server = await startServerProcess(join(folder, "data"), ["--create-missing"]);
  const file = await open(input.path);
  const media = await open(join(folder, "media"), "w");
  const index = await open(join(folder, "index"), "w");
  const ours: number[] = [];
  const bare: number[] = [];
  const call = putMedia({ url: server.url, stream: STREAM, startMs: Date.now() - 3_600_000 });
  const header = { offset: 0, size: input.clusters[0]?.offset ?? 0 };
  await call.write(await readRange(file, header));
  for (const [n, cluster] of input.clusters.slice(0, FRAGMENTS).entries()) {
    const bytes = await readRange(file, cluster);
    ours.push(await throughServer(call, Buffer.concat([bytes, END_OF_FRAGMENT]), n + 1));
    bare.push(await bareWrite(media, index, bytes));
  }
  call.end();
  await call.acks;
  for (const handle of [file, media, index]) await handle.close();
  await server.stop();
  return { ours: figures(ours), bare: figures(bare) };
}

function figures(values: readonly number[]): Sample {
  const counted = values.slice(WARM_UP);
  return { p50: percentile(counted, 0.5), p99: percentile(counted, 0.99) };
}

const input = await recording();
const samples = { a: [] as Sample[], b: [] as Sample[] };
for (let n = 0; n < ROUNDS; n++) {
  const folder = mkdtempSync(join(benchFolder, "run-"));
  try {
    const { ours, bare } = await round(input, folder);
    samples.a.push(ours);
    samples.b.push(bare);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const p50 = "PERSISTED latency p50 against write + 2 fdatasync";
report(judge({ name: p50, unit: "ms", bar: { op: "<=", ratio: 3 } }, "p50", samples));
const p99 = "PERSISTED latency p99 against write + 2 fdatasync";
report(judge({ name: p99, unit: "ms", bar: { op: "<=", ratio: 4 } }, "p99", samples));
