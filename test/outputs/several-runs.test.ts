/** Connections that came in another order than their media, close to each other. */
import { readFileSync } from "node:fs";
import { makeMedia } from "../support/media.ts";
import { outputSuite } from "../support/output-cases.ts";

const AFTER_MS = [13_000, 0, 6500];

outputSuite({
  name: "several runs",
  pushes: async () => {
    const body = readFileSync(await makeMedia("h264-aac"));
    return AFTER_MS.map((afterMs) => ({ body, startMs: 1_790_000_000_000 + afterMs }));
  },
  byTime: ([last = [], first = [], middle = []]) => [first, middle, last],
});
