import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { bareFragment, FAKE_START_MS, FakeReader } from "../../test/support/fake-reader.ts";
import { micros, millis } from "../base/units.ts";
import type { GapCause, RecordedGap } from "../fragment/fragment.ts";
import { coverage } from "./coverage.ts";
import { type Hole, split } from "./gap-causes.ts";

const S = FAKE_START_MS;
const ORDER: readonly GapCause[] = [
  ...(["user", "corrupt", "node-lost", "space", "size", "age"] as const),
  ...(["disk-full", "error", "clock-step", "offline"] as const),
];

function recorded(from: number, to: number, cause: GapCause, detail?: string): RecordedGap {
  const [startUs, endUs] = [micros((S + from) * 1000), micros((S + to) * 1000)];
  return {
    startUs,
    endUs,
    cause,
    recordedMs: millis(S),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** Media at 10 s to 12 s and 20 s to 22 s of the test's time; asked for 0 s to 30 s. */
async function gapsWith(...gaps: RecordedGap[]) {
  const reader = new FakeReader();
  reader.addAll("cam", [
    bareFragment({ sequence: 1, producedMs: 10_000 }),
    bareFragment({ sequence: 2, producedMs: 20_000 }),
  ]);
  for (const gap of gaps) reader.addGap("cam", gap);
  const range = { fromMs: millis(S), toMs: millis(S + 30_000) };
  const of = { reader, stream: "cam", range, resolutionMs: 0 };
  const producer = await coverage({ ...of, clock: "producer" });
  const server = await coverage({ ...of, clock: "server" });
  const relative = producer.gaps.map(({ from, to, cause, ...rest }) => [
    from - S,
    to - S,
    cause,
    ...Object.values(rest),
  ]);
  return { relative, server: server.gaps };
}

suite("gaps in coverage", () => {
  test("are no-media where nothing was written down, and none at the ends", async () => {
    assert.deepEqual((await gapsWith()).relative, [[12_000, 20_000, "no-media"]]);
  });

  test("are split into pieces, each with its cause", async () => {
    const { relative, server } = await gapsWith(
      recorded(13_000, 15_000, "offline"),
      recorded(15_000, 16_000, "error", "mkv.bad-block"),
    );
    assert.deepEqual(relative, [
      [12_000, 13_000, "no-media"],
      [13_000, 15_000, "offline"],
      [15_000, 16_000, "error", "mkv.bad-block"],
      [16_000, 20_000, "no-media"],
    ]);
    assert.deepEqual(server, [{ from: S + 12_000, to: S + 20_000, cause: "no-media" }]);
  });

  test("at the ends of the range are what was written down, cut to it", async () => {
    const { relative } = await gapsWith(
      recorded(-9000, 4000, "age"),
      recorded(22_000, 90_000, "offline"),
    );
    assert.deepEqual(relative, [
      [0, 4000, "age"],
      [12_000, 20_000, "no-media"],
      [22_000, 30_000, "offline"],
    ]);
  });

  test("are not where media came late", async () => {
    const { relative } = await gapsWith(recorded(5000, 25_000, "offline"));
    assert.deepEqual(relative, [
      [5000, 10_000, "offline"],
      [12_000, 20_000, "offline"],
      [22_000, 25_000, "offline"],
    ]);
  });

  test("of a range without any media are what was written down", async () => {
    const reader = new FakeReader();
    reader.addAll("cam", [bareFragment({ sequence: 1, producedMs: 0 })]);
    reader.addGap("cam", recorded(60_000, 70_000, "user", "asked to"));
    const range = { fromMs: millis(S + 50_000), toMs: millis(S + 90_000) };
    const found = await coverage({
      reader,
      stream: "cam",
      range,
      clock: "producer",
      resolutionMs: 0,
    });
    const gap = { from: S + 60_000, to: S + 70_000, cause: "user", detail: "asked to" };
    assert.deepEqual(found, { ranges: [], gaps: [gap] });
  });

  test("are all there when there are more than a page", async () => {
    const many = Array.from({ length: 3500 }, (_, i) =>
      recorded(12_000 + 2 * i, 12_001 + 2 * i, "offline"),
    );
    const { relative } = await gapsWith(...many);
    assert.equal(relative.filter(([, , cause]) => cause === "offline").length, 3500);
  });
});

test("each ms of a hole has the first of its causes, and no other ms any", () => {
  const span = fc.record({
    from: fc.integer({ min: 0, max: 40 }),
    length: fc.integer({ min: 1, max: 30 }),
  });
  const gap = fc
    .tuple(span, fc.constantFrom(...ORDER))
    .map(([{ from, length }, cause]) => recorded(from, from + length, cause));
  const holes = fc.array(
    fc.record({
      from: fc.integer({ min: 0, max: 9 }),
      length: fc.integer({ min: 1, max: 9 }),
      between: fc.boolean(),
    }),
    { maxLength: 4 },
  );
  const property = fc.property(holes, fc.array(gap, { maxLength: 8 }), (sizes, gaps) => {
    let at = 0;
    const made = sizes.map(({ from, length, between }): Hole => {
      const hole = { from: S + at + from, to: S + at + from + length, between };
      at += from + length;
      return hole;
    });
    const sorted = gaps.toSorted((a, b) => a.startUs - b.startUs);
    const pieces = split(made, sorted);
    for (let ms = S; ms < S + 100; ms++) {
      const hole = made.find(({ from, to }) => from <= ms && ms < to);
      const there = gaps.filter(({ startUs, endUs }) => startUs <= ms * 1000 && ms * 1000 < endUs);
      const cause =
        ORDER.find((one) => there.some((of) => of.cause === one)) ??
        (hole?.between ? "no-media" : undefined);
      const told = pieces.filter(({ from, to }) => from <= ms && ms < to);
      assert.deepEqual(
        told.map((piece) => piece.cause),
        hole === undefined || cause === undefined ? [] : [cause],
      );
    }
  });
  fc.assert(property, { numRuns: 300 });
});
