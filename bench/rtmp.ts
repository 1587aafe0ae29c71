/**
 * RTMP ingest with archive against nginx-rtmp on the same pushes by ffmpeg: CPU seconds of the server per GB. Against its
 * `record all`, which appends to one FLV file, and against HLS, which cuts segments; neither syncs anything to
 * the disk, ours does for every fragment. ffmpeg takes the chunk size that the server announces for its own pushes,
 * so both announce the same one: what is on the wire is the same. Its default of 4096 is measured beside it, without a bar.
 * Packages: libnginx-mod-rtmp, nginx-light. `--leg=1` to `--leg=3`: only this comparison.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { OUT_CHUNK_SIZE } from "../src/ingest/rtmp/chunk-writer.ts";
import { run } from "../test/support/run.ts";
import { startServerProcess } from "../test/support/server.ts";
import { judge, race, report } from "./harness.ts";
import { type Recording, recording } from "./media.ts";
import { requireNginx, startNginx } from "./nginx.ts";
import { freePort, measureSide, type Side } from "./sides.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const ROUNDS = 3;
/** A push of a few seconds is little for a compiler that works in the background: ours gets cheaper until the fourth. */
const WARM_UPS = 3;
/** What its configuration says when nobody changes it. */
const NGINX_CHUNK_SIZE = 4096;

interface RtmpSide extends Side {
  readonly port: number;
  /** Resolves when everything that was pushed is where it belongs. */
  settled(): Promise<void>;
}

interface Leg {
  readonly what: "record" | "hls";
  readonly chunkSize: number;
  readonly ratio: number;
}

const LEGS: readonly Leg[] = [
  { what: "record", chunkSize: OUT_CHUNK_SIZE, ratio: 1.5 },
  { what: "hls", chunkSize: OUT_CHUNK_SIZE, ratio: 1 },
  { what: "record", chunkSize: NGINX_CHUNK_SIZE, ratio: Number.POSITIVE_INFINITY },
];

async function startTheirs(folder: string, { what, chunkSize }: Leg): Promise<RtmpSide> {
  const out = join(folder, "out");
  mkdirSync(out);
  const application =
    what === "record"
      ? `record all; record_path ${out};`
      : `hls on; hls_path ${out}; hls_fragment 2s;`;
  const nginx = await startNginx(
    folder,
    (port) => `rtmp { server { listen 127.0.0.1:${port}; chunk_size ${chunkSize}; max_message 16M;
       application live { live on; ${application} } } }`,
    MODULE,
  );
  // It writes over what was pushed before.
  return { ...nginx, settled: async () => {}, clear: async () => {} };
}

async function startOurs(folder: string): Promise<RtmpSide> {
  const port = await freePort();
  const server = await startServerProcess(folder, [
    "--create-missing",
    "--rtmp-port",
    String(port),
  ]);
  const settled = async () => {
    for (;;) {
      const answer = await fetch(`${server.url}/v1/streams/cam`);
      if (!((await answer.json()) as { live: boolean }).live) return;
      await setTimeout(10);
    }
  };
  const clear = async () => {
    await fetch(`${server.url}/v1/streams/cam`, { method: "DELETE" });
  };
  return { pid: server.pid, port, settled, clear, stop: () => server.stop() };
}

async function push(input: Recording, { port, settled }: RtmpSide): Promise<void> {
  const target = `rtmp://127.0.0.1:${port}/live/cam`;
  await run("ffmpeg", ["-v", "error", "-i", input.path, "-c", "copy", "-f", "flv", target]);
  await settled();
}

requireNginx("nginx-light libnginx-mod-rtmp", MODULE);
const input = await recording();
const measure = (start: (folder: string) => Promise<RtmpSide>) =>
  measureSide({
    ...{ start, send: (side: RtmpSide) => push(input, side), bytes: input.bytes },
    ...{ warmUps: WARM_UPS, touchPages: true },
  });
const only = process.argv.find((arg) => arg.startsWith("--leg="))?.slice(6);
for (const [i, leg] of LEGS.entries()) {
  if (only !== undefined && Number(only) !== i + 1) continue;
  const { what, chunkSize, ratio } = leg;
  const samples = await race({
    runs: ROUNDS,
    a: () => measure(startOurs),
    b: () => measure((folder) => startTheirs(folder, leg)),
  });
  const name = `RTMP ingest, CPU per GB against nginx-rtmp ${what}, its chunks ${chunkSize} bytes`;
  report(judge({ name, unit: "s", bar: { op: "<=", ratio } }, "cpuPerGb", samples));
}
