/** Pictures that are decoded in another order than they are shown. */
import { readFileSync } from "node:fs";
import { makeMedia } from "../support/media.ts";
import { outputSuite } from "../support/output-cases.ts";

outputSuite({
  name: "B-frames",
  pushes: async () => [
    { body: readFileSync(await makeMedia("h264-aac")), startMs: 1_790_000_000_000 },
  ],
});
