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
    // Both clocks agree here.
    const onServer = server.map(({ from, to, cause }) => [from - S, to - S, cause]);
    assert.deepEqual(
      onServer,
      relative.map((gap) => gap.slice(0, 3)),
    );
  });

  test("on the server's clock have the causes of what is missing on the producer's, however far apart the clocks are", async () => {
    const reader = new FakeReader();
    const later = 3_600_000;
    // The producer's clock is an hour behind; the third one is sent late, and nothing is missing before it.
    reader.addAll("cam", [
      bareFragment({ sequence: 1, producedMs: 10_000, receivedMs: later + 10_000 }),
      bareFragment({ sequence: 2, producedMs: 20_000, receivedMs: later + 20_000 }),
      bareFragment({ sequence: 3, producedMs: 22_000, receivedMs: later + 60_000 }),
    ]);
    reader.addGap("cam", recorded(0, 10_000, "age"));
    reader.addGap("cam", recorded(14_000, 20_000, "disk-full", "full"));
    reader.addGap("cam", recorded(24_000, 30_000, "offline"));
    const range = { fromMs: millis(S + later), toMs: millis(S + later + 90_000) };
    const options = { reader, stream: "cam", range, clock: "server", resolutionMs: 0 } as const;
    const { gaps } = await coverage(options);
    const relative = gaps.map(({ from, to, cause }) => [from - S - later, to - S - later, cause]);
    assert.deepEqual(relative, [
      [0, 10_000, "age"],
      [12_000, 14_000, "no-media"],
      [14_000, 20_000, "disk-full"],
      [22_000, 60_000, "offline"],
      [62_000, 68_000, "offline"],
    ]);
  });

  test("are open from the newest media until now, with what was written down since, and not when that is a moment", async () => {
    const reader = new FakeReader();
    reader.addAll("cam", [bareFragment({ sequence: 1, producedMs: 10_000 })]);
    reader.addGap("cam", recorded(12_000, 14_000, "disk-full"));
    const gapsOf = async (clock: "producer" | "server", openUntilMs?: number, from = 10_000) => {
      const range = { fromMs: millis(S + from), toMs: millis(S + 90_000) };
      const options = { reader, stream: "cam", range, clock, resolutionMs: 0 };
      const { gaps } = await coverage({ ...options, openUntilMs });
      return gaps.map((gap) => [gap.from - S, gap.to - S, gap.cause, gap.open]);
    };
    const since = [
      [12_000, 14_000, "disk-full", undefined],
      [14_000, 60_000, "offline", true],
    ];
    for (const clock of ["producer", "server"] as const) {
      assert.deepEqual(await gapsOf(clock, S + 60_000), since, clock);
      assert.deepEqual(await gapsOf(clock), since.slice(0, 1), "a producer is connected");
      assert.deepEqual(await gapsOf(clock, S + 12_500), since.slice(0, 1), "a moment");
    }
    // No media in the range: it is open all the same.
    assert.deepEqual(await gapsOf("producer", S + 60_000, 30_000), [
      [30_000, 60_000, "offline", true],
    ]);
    const past = { fromMs: millis(S), toMs: millis(S + 11_000) };
    const ended = {
      reader,
      stream: "cam",
      range: past,
      clock: "producer",
      resolutionMs: 0,
    } as const;
    assert.deepEqual((await coverage({ ...ended, openUntilMs: S + 60_000 })).gaps, []);
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
