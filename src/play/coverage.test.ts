import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type BareFragment,
  bareFragment,
  FAKE_START_MS,
  FakeReader,
  scatter,
} from "../../test/support/fake-reader.ts";
import { millis } from "../base/units.ts";
import { coverage } from "./coverage.ts";

const EVERYTHING = { fromMs: millis(0), toMs: millis(FAKE_START_MS + 1e9) };
const base = { stream: "cam", clock: "producer", range: EVERYTHING, resolutionMs: 0 } as const;

function readerOf(...list: BareFragment[]): FakeReader {
  const reader = new FakeReader();
  reader.addAll("cam", list.map(bareFragment));
  return reader;
}

/** `[from, to, fragments]` from the start of the test's media. */
async function rangesOf(reader: FakeReader, resolutionMs = 0): Promise<number[][]> {
  const { ranges } = await coverage({ ...base, reader, resolutionMs });
  return ranges.map(({ from, to, fragments }) => [
    from - FAKE_START_MS,
    to - FAKE_START_MS,
    fragments,
  ]);
}

suite("coverage", () => {
  test("joins fragments that touch and lists the gaps between the others", async () => {
    const reader = readerOf(
      { sequence: 1, producedMs: 0 },
      { sequence: 2, producedMs: 2000 },
      { sequence: 3, producedMs: 10_000 },
    );
    const { ranges, gaps } = await coverage({ ...base, reader });
    const s = FAKE_START_MS;
    const bytes = reader.all("cam").map(({ size }) => size) as [number, number, number];
    assert.deepEqual(ranges, [
      { from: s, to: s + 4000, fragments: 2, bytes: bytes[0] + bytes[1] },
      { from: s + 10_000, to: s + 12_000, fragments: 1, bytes: bytes[2] },
    ]);
    assert.deepEqual(gaps, [{ from: s + 4000, to: s + 10_000, cause: "no-media" }]);
  });

  test("merges a gap below the resolution and keeps one that is as long", async () => {
    const reader = readerOf({ sequence: 1, producedMs: 0 }, { sequence: 2, producedMs: 2500 });
    assert.deepEqual(await rangesOf(reader, 500), [
      [0, 2000, 1],
      [2500, 4500, 1],
    ]);
    assert.deepEqual(await rangesOf(reader, 501), [[0, 4500, 2]]);
  });

  test("does not take the inexact end of a run's fragment for a gap, but does between runs", async () => {
    // 50 frames in 2 s: an end 39 ms early is less than a frame.
    const early = { sequence: 1, producedMs: 0, durationMs: 1961 };
    assert.deepEqual(await rangesOf(readerOf(early, { sequence: 2, producedMs: 2000 })), [
      [0, 4000, 2],
    ]);
    const two = [
      [0, 1961, 1],
      [2000, 4000, 1],
    ];
    assert.deepEqual(
      await rangesOf(readerOf(early, { sequence: 2, producedMs: 2000, run: 2 })),
      two,
    );
    const late = readerOf(early, { sequence: 2, producedMs: 2001 });
    assert.equal((await rangesOf(late)).length, 2);
  });

  test("counts overlapping sessions in one stretch", async () => {
    const reader = readerOf(
      { sequence: 1, producedMs: 0, durationMs: 9000 },
      { sequence: 2, producedMs: 1000, session: "b" },
      { sequence: 3, producedMs: 9000 },
    );
    assert.deepEqual(await rangesOf(reader), [[0, 11_000, 3]]);
  });

  test("is the same from summaries as from lists, and reads no list when packs are finer than the resolution", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      for (const resolutionMs of [1, 500, 3000, 20_000, 200_000]) {
        const fragments = scatter(seed, 80);
        const reader = new FakeReader({ perPack: 1 + (seed % 6) });
        reader.addAll("cam", fragments);
        // One fragment a pack and no runs in common: the plain definition.
        const spans = reader
          .all("cam")
          .map(({ info }) => {
            const from = Math.floor(info.producedStartUs / 1000);
            const to = Math.max(from + 1, Math.floor(info.producedEndUs / 1000));
            return { from, to, frameMs: (info.producedEndUs - info.producedStartUs) / 50_000 };
          })
          .sort((a, b) => a.from - b.from);
        const { ranges, gaps } = await coverage({ ...base, reader, resolutionMs });
        assert.equal(
          ranges.reduce((sum, one) => sum + one.fragments, 0),
          80,
        );
        // No gap is invented, and none is lost that is longer than a frame and the resolution.
        let end = 0;
        const real: { from: number; to: number }[] = [];
        for (const { from, to } of spans) {
          if (end > 0 && from - end >= Math.max(1, resolutionMs))
            real.push({ from: end, to: from });
          end = Math.max(end, to);
        }
        const longest = Math.max(...spans.map(({ frameMs }) => frameMs));
        const text = (list: readonly { from: number; to: number }[]) =>
          list.filter(({ from, to }) => to - from > longest).map(({ from, to }) => `${from} ${to}`);
        assert.deepEqual(text(gaps), text(real), `seed ${seed}, resolution ${resolutionMs}`);
      }
    }
    const reader = new FakeReader({ perPack: 30 });
    const hours = Array.from({ length: 3600 }, (_, i) =>
      bareFragment({ sequence: i + 1, producedMs: i * 2000 }),
    );
    reader.addAll("cam", hours);
    assert.deepEqual(await rangesOf(reader, 60_000), [[0, 7_200_000, 3600]]);
    assert.equal(reader.lists, 0);
  });

  test("has stretches on the server clock too", async () => {
    const reader = readerOf(
      { sequence: 1, producedMs: 0, receivedMs: 50_000 },
      { sequence: 2, producedMs: 2000, receivedMs: 60_000 },
    );
    const { ranges } = await coverage({ ...base, reader, clock: "server" });
    assert.deepEqual(
      ranges.map(({ from, to }) => [from - FAKE_START_MS, to - FAKE_START_MS]),
      [
        [50_000, 52_000],
        [60_000, 62_000],
      ],
    );
  });

  test("asks for a coarser resolution rather than answer without end", async () => {
    const reader = new FakeReader({ perPack: 500 });
    const list = Array.from({ length: 20_001 }, (_, i) =>
      bareFragment({ sequence: i + 1, producedMs: i * 4000 }),
    );
    reader.addAll("cam", list);
    await assert.rejects(coverage({ ...base, reader }), { code: "request.too-large" });
    assert.equal((await rangesOf(reader, 2001)).length, 1);
  });
});
