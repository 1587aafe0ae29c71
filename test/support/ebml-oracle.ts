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

/** All blocks in the order of the file (no lacing: ffmpeg does not write it). */
export function oracleFrames(file: Uint8Array): OracleFrame[] {
  const decoder = new Decoder();
  const frames: OracleFrame[] = [];
  let cluster = 0;
  let first: number | undefined;
  decoder.on("data", ([kind, element]) => {
    if (kind !== "tag") return;
    // Its own `value` is a hex text for numbers of more than 6 bytes, so the bytes are read here.
    if (element.name === "Timecode")
      cluster = Number(`0x${(element.data ?? Buffer.alloc(1)).toString("hex")}`);
    if (element.name !== "SimpleBlock" && element.name !== "Block") return;
    const data = element.data ?? Buffer.alloc(0);
    const width = Math.clz32(data[0] ?? 0) - 23;
    const time = cluster + data.readInt16BE(width);
    first ??= time;
    frames.push({
      track: (data[0] ?? 0) & (0xff >> width),
      timeMs: time - first,
      sha: createHash("sha256")
        .update(data.subarray(width + 3))
        .digest("hex"),
    });
  });
  decoder.write(Buffer.from(file));
  return frames;
}
