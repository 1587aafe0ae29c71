/** Sound without pictures. */
import { readFileSync } from "node:fs";
import { makeMedia } from "../support/media.ts";
import { outputSuite } from "../support/output-cases.ts";

outputSuite({
  name: "audio only",
  pushes: async () => [
    { body: readFileSync(await makeMedia("audio-only")), startMs: 1_790_000_000_000 },
  ],
});
