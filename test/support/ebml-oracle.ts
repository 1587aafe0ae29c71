/** Frames of a Matroska file as the independent npm `ebml` decoder sees them. Not our parser. */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

interface EbmlData {
  name: string;
  value?: number | string;
  data?: Buffer;
  payload?: Buffer;
  track?: number;
}
type EbmlEvent = ["start" | "tag" | "end", EbmlData];

export interface OracleFrame {
  readonly track: number;
  /** Milliseconds from the start of the first cluster. */
  readonly timeMs: number;
  readonly sha: string;
}

const { Decoder } = createRequire(import.meta.url)("ebml") as {
  Decoder: new () => {
    on(event: "data", run: (event: EbmlEvent) => void): void;
    write(bytes: Buffer): void;
  };
};

/** One SimpleBlock or BlockGroup with its bytes. */
export interface OracleBlock {
  readonly track: number;
  /** Milliseconds from the start of the first cluster. */
  readonly timeMs: number;
  /** The key flag; only a SimpleBlock has one. */
  readonly key: boolean;
  /** Clusters counted from 1. */
  readonly cluster: number;
  readonly payload: Buffer;
}

/** All blocks in the order of the file (no lacing: ffmpeg and Chrome do not write it). */
export function oracleBlocks(file: Uint8Array): OracleBlock[] {
  const decoder = new Decoder();
  const blocks: OracleBlock[] = [];
  let clusterMs = 0;
  let cluster = 0;
  let first: number | undefined;
  decoder.on("data", ([kind, element]) => {
    if (kind !== "tag") return;
    // Its own `value` is a hex text for numbers of more than 6 bytes, so the bytes are read here.
    if (element.name === "Timecode") {
      clusterMs = Number(`0x${(element.data ?? Buffer.alloc(1)).toString("hex")}`);
      cluster++;
    }
    if (element.name !== "SimpleBlock" && element.name !== "Block") return;
    const data = Buffer.from(element.data ?? []);
    const width = Math.clz32(data[0] ?? 0) - 23;
    const time = clusterMs + data.readInt16BE(width);
    first ??= time;
    blocks.push({
      track: (data[0] ?? 0) & (0xff >> width),
      timeMs: time - first,
      key: ((data[width + 2] ?? 0) & 0x80) !== 0,
      cluster,
      payload: data.subarray(width + 3),
    });
  });
  decoder.write(Buffer.from(file));
  return blocks;
}

/** Names of all elements, in the order in which they begin. */
export function oracleElements(file: Uint8Array): string[] {
  const decoder = new Decoder();
  const names: string[] = [];
  decoder.on("data", ([kind, { name }]) => {
    if (kind !== "end") names.push(name);
  });
  decoder.write(Buffer.from(file));
  return names;
}

/** Numbers of the tracks of a type (1 video, 2 audio), as declared. */
export function oracleTracks(file: Uint8Array, type: 1 | 2): number[] {
  const decoder = new Decoder();
  const found: number[] = [];
  let number = 0;
  decoder.on("data", ([kind, { name, value }]) => {
    if (kind !== "tag") return;
    if (name === "TrackNumber") number = Number(value);
    if (name === "TrackType" && value === type) found.push(number);
  });
  decoder.write(Buffer.from(file));
  return found;
}

/** The blocks with a hash in place of the bytes. */
export function oracleFrames(file: Uint8Array): OracleFrame[] {
  return oracleBlocks(file).map(({ track, timeMs, payload }) => {
    const sha = createHash("sha256").update(payload).digest("hex");
    return { track, timeMs, sha };
  });
}
