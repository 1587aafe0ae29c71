/** Another codec, and another size, in the middle of a range. */
import { readFileSync } from "node:fs";
import { makeMedia } from "../support/media.ts";
import { outputSuite } from "../support/output-cases.ts";

outputSuite({
  name: "codec change",
  chained: true,
  pushes: async () => {
    const kinds = ["h264-aac", "vp9-opus", "h264-aac"] as const;
    const files = await Promise.all(kinds.map(makeMedia));
    return files.map((file, i) => ({
      ...{ body: readFileSync(file), startMs: 1_790_000_000_000 + i * 6500 },
    }));
  },
});
