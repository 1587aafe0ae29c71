/**
 * Our Matroska reader against the npm `ebml` decoder: MB/s over the same recording (1080p at 6 Mbit/s with AAC, as
 * ffmpeg writes it, CRC-32 in every Cluster) in the same 64 KiB chunks. Ours checks the CRCs, `ebml` does not.
 * Copying the bytes is measured beside them, as the ceiling.
 */
import { readFileSync } from "node:fs";
import { MkvReader, type MkvReaderOptions } from "../src/media/mkv/reader.ts";
import { crc32 } from "../src/native/crc32.ts";
import { makeMedia } from "../test/support/media.ts";
import { decode } from "../test/support/mkv-oracle.ts";
import { judge, median, race, report, type Sample } from "./harness.ts";

const CHUNK = 64 * 1024;
const ROUNDS = 7;
/** A pass of ours is too short for the clock: this many make one measurement. */
const PASSES = 20;

type Pass = (chunks: readonly Uint8Array[]) => number;

/** Counts blocks with their frames, so that no side is spared work that its user needs. */
function readWith(options: Partial<MkvReaderOptions>): Pass {
  return (chunks) => {
    const reader = new MkvReader(options);
    let blocks = 0;
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let item = reader.pull(); item !== undefined; item = reader.pull())
        if (item.kind === "block") blocks += item.block.frames.length;
    }
    reader.end();
    while (reader.pull() !== undefined);
    return blocks;
  };
}

const ebml: Pass = (chunks) => {
  let blocks = 0;
  decode(chunks, (id) => {
    if (id === "a3" || id === "a1") blocks++;
  });
  return blocks;
};

function measure(pass: Pass, chunks: readonly Uint8Array[], passes: number, want: number): Sample {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const began = performance.now();
  for (let i = 0; i < passes; i++) {
    const blocks = pass(chunks);
    if (blocks !== want) throw new Error(`${blocks} blocks, not ${want}`);
  }
  const seconds = (performance.now() - began) / 1000;
  return { mbPerSecond: (bytes * passes) / 1e6 / seconds };
}

/** Prints MB/s of reader and decoder and their ratio; the exit code tells of a missed bar. */
export async function run(): Promise<void> {
  const file = readFileSync(await makeMedia("long"));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < file.length; at += CHUNK) chunks.push(file.subarray(at, at + CHUNK));
  const want = ebml(chunks);
  const target = new Uint8Array(CHUNK);
  const copy: Pass = () => {
    for (const chunk of chunks) target.set(chunk);
    return want;
  };
  const copies = Array.from({ length: ROUNDS }, () => measure(copy, chunks, PASSES, want));
  const rate = median(copies.map((sample) => sample.mbPerSecond ?? 0));
  console.error(`copying the same chunks: ${rate.toFixed(0)} MB/s`);
  const sides: readonly [string, Partial<MkvReaderOptions>][] = [
    ["MkvReader with the native CRC-32, as in the server", { crc32 }],
    ["MkvReader with its own CRC-32, as in a browser", {}],
    ["MkvReader without CRC check", { onBadCrc: "ignore" }],
  ];
  for (const [name, options] of sides) {
    const ours = readWith(options);
    measure(ours, chunks, 3, want);
    const samples = await race({
      runs: ROUNDS,
      a: async () => measure(ours, chunks, PASSES, want),
      b: async () => measure(ebml, chunks, 1, want),
    });
    const claim = {
      name: `${name}, against ebml`,
      unit: "MB/s",
      bar: { op: ">=", ratio: 20 },
    } as const;
    report(judge(claim, "mbPerSecond", samples));
  }
}

if (import.meta.main) await run();
