/** How many elements of each id a file holds, by the npm `ebml` decoder: not our parser. */
import { createRequire } from "node:module";

type EbmlEvent = ["start" | "tag" | "end", { tagStr: string }];

const { Decoder } = createRequire(import.meta.url)("ebml") as {
  Decoder: new () => {
    on(event: "data", run: (event: EbmlEvent) => void): void;
    write(bytes: Uint8Array): void;
  };
};

/** Feeds the file in one piece. Keys are ids in hex. */
export function oracleCounts(file: Uint8Array): Record<string, number> {
  const counts: Record<string, number> = {};
  decode([file], (id) => {
    counts[id] = (counts[id] ?? 0) + 1;
  });
  return counts;
}

/** Decodes all chunks and tells the id of every element. */
export function decode(chunks: Iterable<Uint8Array>, see: (id: string) => void): void {
  const decoder = new Decoder();
  decoder.on("data", ([kind, element]) => {
    if (kind !== "end") see(element.tagStr);
  });
  for (const chunk of chunks)
    decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
}
