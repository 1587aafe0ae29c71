/** Where each element of a Matroska file lies and how wide its size is, by the npm `ebml` decoder: not our parser. */
import { createRequire } from "node:module";

interface Data {
  readonly name: string;
  readonly tagStr: string;
  readonly start: number;
  readonly dataSize: number;
  readonly data?: Buffer;
}

const { Decoder } = createRequire(import.meta.url)("ebml") as {
  Decoder: new () => {
    on(event: "data", run: (event: ["start" | "tag" | "end", Data]) => void): void;
    write(bytes: Uint8Array): void;
  };
};

export interface LaidElement {
  readonly name: string;
  readonly start: number;
  /** Of the size field, bytes; undefined for a size that is not known. */
  readonly sizeWidth: number;
  /** The element with its header; undefined where the size is not known. */
  readonly end: number | undefined;
  /** Of what is no master. */
  readonly data: Buffer | undefined;
}

/** All elements in the order in which they begin. */
export function layoutOf(file: Uint8Array): LaidElement[] {
  const decoder = new Decoder();
  const found: LaidElement[] = [];
  decoder.on("data", ([kind, element]) => {
    if (kind === "end") return;
    const { name, tagStr, start, dataSize, data } = element;
    const sizeAt = start + tagStr.length / 2;
    const sizeWidth = Math.clz32(file[sizeAt] ?? 0) - 23;
    const head = tagStr.length / 2 + sizeWidth;
    const ones = file.subarray(sizeAt + 1, sizeAt + sizeWidth).every((byte) => byte === 0xff);
    const unknown = ones && (file[sizeAt] ?? 0) === 0xff >> (sizeWidth - 1);
    const end = unknown ? undefined : start + head + dataSize;
    found.push({ name, start, sizeWidth, end, data: data && Buffer.from(data) });
  });
  decoder.write(Buffer.from(file));
  return found;
}

/** Each document of a file that is several, one after the other. */
export function documentsOf(file: Buffer): Buffer[] {
  const starts = layoutOf(file)
    .filter(({ name }) => name === "EBML")
    .map(({ start }) => start);
  return starts.map((start, i) => file.subarray(start, starts[i + 1] ?? file.length));
}
