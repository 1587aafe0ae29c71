/** A producer whose clock is put back by half a minute while it sends. */
import { readFileSync } from "node:fs";
import { layoutOf } from "../support/ebml-layout.ts";
import { makeMedia } from "../support/media.ts";
import { el } from "../support/mkv-build.ts";
import { outputSuite } from "../support/output-cases.ts";
import type { OutFrame } from "../support/outputs.ts";

const JUMP_MS = 30_000;
const START_MS = 1_790_000_000_000;

/** From its second Cluster on, the file says times that are earlier. */
async function jumping(): Promise<Buffer> {
  const file = readFileSync(await makeMedia("h264-aac"));
  const clusters = layoutOf(file).filter(({ name }) => name === "Cluster");
  const parts: Uint8Array[] = [file.subarray(0, clusters[0]?.start)];
  for (const [i, { start, end }] of clusters.entries()) {
    const cluster = file.subarray(start, end);
    // Behind a CRC-32, which would not be right any more.
    const time = layoutOf(cluster).find(({ name }) => name === "Timecode");
    const ticks = Number(`0x${time?.data?.toString("hex") || "0"}`);
    const timestamp = Buffer.alloc(8);
    timestamp.writeBigUInt64BE(BigInt(ticks + (i === 0 ? JUMP_MS : 0)));
    const rest = cluster.subarray(time?.end);
    parts.push(el("1f43b675", Buffer.concat([el("e7", timestamp), rest]), 4));
  }
  const body = Buffer.concat(parts);
  // The Segment has another size now.
  const segment = body.indexOf(Buffer.from("18538067", "hex"));
  body.set(Buffer.from("01ffffffffffffff", "hex"), segment + 4);
  return body;
}

const cut = ([all = []]: readonly (readonly OutFrame[])[]) => {
  const late = all.filter(({ timeMs }) => timeMs >= START_MS + JUMP_MS - 1000);
  return { late, early: all.filter((frame) => !late.includes(frame)) };
};

outputSuite({
  name: "clock jump",
  pushes: async () => [{ body: await jumping(), startMs: START_MS }],
  byTime: (sent) => {
    const { early, late } = cut(sent);
    return [early, late];
  },
  byArrival: (sent) => {
    const { early, late } = cut(sent);
    return [late, early];
  },
});
