/** Coverage is the same whether whole hours come from the index or packs are looked at one by one, on the real index. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Archive } from "../../src/archive/archive.ts";
import { millis } from "../../src/base/units.ts";
import type { FragmentReader, TimeRange } from "../../src/fragment/fragment.ts";
import { type Coverage, coverage } from "../../src/play/coverage.ts";
import { openArchive, openDirectIndex } from "../support/archives.ts";
import { history, record, START_MS, walked } from "../support/made-history.ts";
import { random } from "../support/random.ts";
import { tempDir } from "../support/temp-dir.ts";

const HOUR_MS = 3_600_000;

function covered(reader: FragmentReader, range: TimeRange, resolutionMs: number) {
  return coverage({ reader, stream: "cam", range, clock: "producer", resolutionMs });
}

/** Of packs that overlap, single fragments are looked at, whose bytes are less than their pack's. */
function facts({ ranges, gaps }: Coverage) {
  return { ranges: ranges.map(({ bytes: _, ...rest }) => rest), gaps };
}

/** How many of the ranges asked for came from hours. */
async function assertAlike(archive: Archive, seed: number): Promise<number> {
  const next = random(seed);
  const { producedEndUs = 0 } = (await archive.extent("cam")) ?? {};
  const lastMs = Math.ceil(producedEndUs / 1000);
  let used = 0;
  const watched: FragmentReader = {
    ...walked(archive),
    stretches: async (...args) => {
      used++;
      return archive.stretches(...args);
    },
  };
  for (let i = 0; i < 12; i++) {
    // Often at the border of an hour, and a little beside it.
    const near = (ms: number) =>
      i % 3 === 0 ? Math.round(ms / HOUR_MS) * HOUR_MS + (i % 2) * 90_000 : Math.floor(ms);
    const from = near(START_MS + next() * (lastMs - START_MS) * 0.4);
    const to = near(from + (lastMs - from) * (0.5 + next()));
    const range = { fromMs: millis(from), toMs: millis(to) };
    const resolutionMs = [1000, 61_000, 600_000, 3_600_000][i % 4] ?? 0;
    const [a, b] = [
      await covered(watched, range, resolutionMs),
      await covered(walked(archive), range, resolutionMs),
    ];
    assert.deepEqual(facts(a), facts(b), JSON.stringify({ range, resolutionMs }));
  }
  return used;
}

suite("Coverage from whole hours", () => {
  test("is that of packs looked at one by one, also after some were removed", async () => {
    let used = 0;
    for (let seed = 1; seed <= 3; seed++) {
      using dir = tempDir("stretches");
      const limits = { maxBytes: 400 + 100 * (seed % 5), maxAgeMs: 60_000 };
      const archive = await openArchive(dir.path, { limits, openIndex: openDirectIndex });
      const troubles = seed % 3 === 0 ? 0 : 0.03;
      await record(archive, history({ seed, count: 1000, troubles, scale: 22 }));
      await archive.settled();
      used += await assertAlike(archive, seed * 31);
      const old = await archive.index.oldPacks({
        ...{ stream: "cam", receivedBeforeMs: Number.MAX_SAFE_INTEGER, limit: 1000 },
      });
      // Every seventh, and a stretch of a hundred.
      const packIds = old.flatMap(({ packId }, i) =>
        i % 7 === 0 || (i > 100 && i < 200) ? packId : [],
      );
      const removal = { cause: "user", who: "me", atMs: millis(START_MS) } as const;
      await archive.index.remove({ stream: "cam", packIds, ...removal });
      used += await assertAlike(archive, seed * 37);
      await archive.close();
    }
    assert.ok(used >= 25, `only ${used} of 72 ranges were asked by the hour`);
  });
});
