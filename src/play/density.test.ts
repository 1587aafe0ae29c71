import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  bareFragment,
  FAKE_START_MS,
  FakeReader,
  scatter,
} from "../../test/support/fake-reader.ts";
import { micros, millis } from "../base/units.ts";
import type { FragmentReader } from "../fragment/fragment.ts";
import { coverage } from "./coverage.ts";
import { density } from "./density.ts";

const HOUR = 3_600_000;
const rangeOf = (from: number, to: number) => ({
  fromMs: millis(FAKE_START_MS + from),
  toMs: millis(FAKE_START_MS + to),
});

function readerOf(...at: number[]): FakeReader {
  const reader = new FakeReader();
  const list = at.map((producedMs, i) => bareFragment({ sequence: i + 1, producedMs }));
  reader.addAll("cam", list);
  return reader;
}

suite("density", () => {
  const ask = { stream: "cam", clock: "producer" } as const;

  test("says how much of each part is recorded although the list of ranges merges its gaps", async () => {
    // Two seconds in every ten.
    const reader = readerOf(...Array.from({ length: 60 }, (_, i) => i * 10_000));
    const range = rangeOf(0, 600_000);
    const options = { ...ask, reader, range, resolutionMs: 60_000, buckets: 10 };
    const { ranges, density: told } = await coverage(options);
    assert.equal(ranges.length, 1, "one range, to look at");
    assert.deepEqual(told?.recordedMs, new Array(10).fill(12_000));
    assert.deepEqual([told?.bucketMs, told?.sampled], [60_000, false]);
  });

  test("is left out unless parts are asked for", async () => {
    const options = { ...ask, reader: readerOf(0), range: rangeOf(0, 1000), resolutionMs: 0 };
    assert.equal("density" in (await coverage(options)), false);
  });

  test("of fragments that overlap, step back and stop is what the unmerged ranges hold", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const reader = new FakeReader();
      reader.addAll("cam", scatter(seed, 120));
      const range = rangeOf(seed * 100, 90_000 + seed * 1000);
      const { ranges } = await coverage({ ...ask, reader, range, resolutionMs: 0 });
      const { bucketMs, recordedMs } = await density({ ...ask, reader, range }, 17);
      for (const [i, ms] of recordedMs.entries()) {
        const [from, to] = [range.fromMs + i * bucketMs, range.fromMs + (i + 1) * bucketMs];
        const real = ranges.reduce(
          (sum, one) => sum + Math.max(0, Math.min(to, one.to) - Math.max(from, one.from)),
          0,
        );
        assert.ok(Math.abs(ms - real) < 0.2, `seed ${seed}, part ${i}: ${ms} of ${real}`);
      }
    }
  });

  test("of more packs than are looked at comes from some of them, and is near the truth", async () => {
    const perPack = 6;
    const reader = new FakeReader({ perPack, perPage: 500 });
    // 40 hours: two seconds in every ten, in packs of a minute; nothing from the 20th to the 30th hour.
    const times = Array.from({ length: 40 * 360 }, (_, i) => i * 10_000);
    const there = times.filter((at) => at < 20 * HOUR || at >= 30 * HOUR);
    const list = there.map((producedMs, i) => bareFragment({ sequence: i + 1, producedMs }));
    reader.addAll("cam", list);
    const range = rangeOf(0, 40 * HOUR);
    const watched = hoursFrom(reader);
    const { recordedMs, sampled } = await density({ ...ask, reader: watched, range }, 40);
    assert.equal(sampled, true);
    assert.ok(reader.lists < 400, `${reader.lists} packs looked at`);
    for (const [hour, ms] of recordedMs.entries()) {
      const real = hour >= 20 && hour < 30 ? 0 : HOUR / 5;
      assert.ok(Math.abs(ms - real) < HOUR / 25, `hour ${hour}: ${ms} of ${real}`);
    }
  });
});

/** As the index joins them: whole packs that are less than a second apart. */
function hoursFrom(reader: FakeReader): FragmentReader {
  const bound = (name: keyof FragmentReader) => (reader[name] as () => unknown).bind(reader);
  const names = ["packs", "chain", "fragments", "trackSet", "read", "gaps", "extent"] as const;
  const others = Object.fromEntries(names.map((name) => [name, bound(name)]));
  return {
    ...(others as unknown as FragmentReader),
    stretches: async (stream, range) => {
      const out: { -readonly [K in "startUs" | "endUs" | "packs"]: number }[] = [];
      for await (const page of reader.packs(stream, { by: "time", clock: "producer", range }))
        for (const { producedStartUs: startUs, producedEndUs: endUs } of page) {
          if (startUs < range.fromMs * 1000 || startUs >= range.toMs * 1000) continue;
          const last = out.at(-1);
          if (last === undefined || startUs - last.endUs >= 1e6)
            out.push({ startUs, endUs, packs: 1 });
          else {
            last.endUs = endUs;
            last.packs++;
          }
        }
      return out.map(({ startUs, endUs, packs }) => ({
        startUs: micros(startUs),
        endUs: micros(endUs),
        ...{ packs, fragments: packs * 6, bytes: 0, longestUs: 60_000_000 },
      }));
    },
  };
}
