/** A producer that was away twice, in between. */
import { readFileSync } from "node:fs";
import { makeMedia } from "../support/media.ts";
import { outputSuite } from "../support/output-cases.ts";

outputSuite({
  name: "gaps",
  pushes: async () => {
    const body = readFileSync(await makeMedia("h264-aac"));
    return [0, 9000, 75_000].map((afterMs) => ({ body, startMs: 1_790_000_000_000 + afterMs }));
  },
});
