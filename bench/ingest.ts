/**
 * PutMedia of our server against the bare server of bare-side.ts: same bytes, same client, same disk. Two claims:
 * CPU seconds of the server process per GB, and MB/s until the answer has ended (after the last PERSISTED).
 * What was stored before is deleted before the next time. Sealing that happens after the answer is not in it.
 */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { putMedia } from "../test/support/put-media.ts";
import { startServerProcess } from "../test/support/server.ts";
import { judge, race, report } from "./harness.ts";
import { type Recording, recording } from "./media.ts";
import { measureSide, type Side, startBareServer } from "./sides.ts";

const CLIENT_CHUNK = 1 << 20;
const ROUNDS = 5;
const STREAM = "camera";

interface HttpSide extends Side {
  readonly url: string;
}

async function send(input: Recording, url: string): Promise<void> {
  const file = await open(input.path);
  const call = putMedia({ url, stream: STREAM, startMs: Date.now() - 3_600_000 });
  for (let at = 0; at < input.bytes; at += CLIENT_CHUNK) {
    const size = Math.min(CLIENT_CHUNK, input.bytes - at);
    const { buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, at);
    await Promise.race([call.write(buffer), call.acks]);
  }
  call.end();
  const acks = await call.acks;
  await file.close();
  const persisted = acks.filter((ack) => ack.EventType === "PERSISTED").length;
  const errors = acks.filter((ack) => ack.EventType === "ERROR");
  // A few of the bare side's batches are longer than a fragment, by what a chunk has too much.
  if (errors.length > 0 || persisted < input.clusters.length * 0.9)
    throw new Error(
      `${persisted} of ${input.clusters.length} stored; ${JSON.stringify(errors[0])}`,
    );
}

async function startOurs(folder: string): Promise<HttpSide> {
  const server = await startServerProcess(folder);
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${server.url}/v1/streams${path}`, {
      method,
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  const create = () => call("POST", "", { name: STREAM, retentionHours: 24 });
  const clear = async () => {
    await call("DELETE", `/${STREAM}`);
    await create();
  };
  await create();
  return { ...server, clear };
}

async function startBare(folder: string, batchBytes: number): Promise<HttpSide> {
  const server = await startBareServer(folder, String(batchBytes));
  const clear = async () => {
    for (const kind of ["media", "index"]) await rm(join(folder, `${STREAM}-${kind}`));
  };
  return { ...server, clear };
}

const input = await recording();
const batchBytes = Math.floor(input.bytes / input.clusters.length);
const bare = (folder: string) => startBare(folder, batchBytes);
// With --self the bare server is held against itself: how far from 1 that comes out is the noise of this machine.
const ours = process.argv.includes("--self") ? bare : startOurs;
const measure = (start: (folder: string) => Promise<HttpSide>) =>
  measureSide({ start, send: ({ url }) => send(input, url), bytes: input.bytes });
const samples = await race({ runs: ROUNDS, a: () => measure(ours), b: () => measure(bare) });
const cpu = "PutMedia CPU per GB against a bare copy";
report(judge({ name: cpu, unit: "s", bar: { op: "<=", ratio: 1.25 } }, "cpuPerGb", samples));
const rate = "PutMedia rate against a bare copy";
report(judge({ name: rate, unit: "MB/s", bar: { op: ">=", ratio: 0.8 } }, "mbPerSecond", samples));
