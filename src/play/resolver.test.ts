import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type BareFragment,
  bareFragment,
  FAKE_START_MS,
  FakeReader,
  scatter,
} from "../../test/support/fake-reader.ts";
import { random } from "../../test/support/random.ts";
import { millis } from "../base/units.ts";
import type { ClockName, StoredFragment, TimeRange } from "../fragment/fragment.ts";
import { resolve, type Selector } from "./resolver.ts";

const rangeOf = (from: number, to: number): TimeRange => ({
  fromMs: millis(FAKE_START_MS + from),
  toMs: millis(FAKE_START_MS + to),
});

function readerOf(...list: BareFragment[]): FakeReader {
  const reader = new FakeReader();
  reader.addAll("cam", list.map(bareFragment));
  return reader;
}

async function sequences(reader: FakeReader, selector: Selector): Promise<number[]> {
  const found: number[] = [];
  for await (const one of resolve({ reader, stream: "cam" }, selector))
    found.push(one.info.number.sequence);
  return found;
}

/** The definition, by brute force: filter everything, sort everything. */
function model(all: readonly StoredFragment[], clock: ClockName, range: TimeRange): number[] {
  const start = ({ info }: StoredFragment) =>
    clock === "producer" ? info.producedStartUs : info.number.receivedMs * 1000;
  const length = ({ info }: StoredFragment) => info.producedEndUs - info.producedStartUs;
  return all
    .filter((one) => start(one) + length(one) > range.fromMs * 1000)
    .filter((one) => start(one) < range.toMs * 1000)
    .sort((a, b) => start(a) - start(b) || a.info.number.sequence - b.info.number.sequence)
    .map((one) => one.info.number.sequence);
}

suite("the resolver", () => {
  for (const clock of ["producer", "server"] as const) {
    test(`on the ${clock} clock takes a fragment that shares one ms with the range and none that only touches it`, async () => {
      const reader = readerOf({ sequence: 1, producedMs: 10_000, durationMs: 2000 });
      const cases = [
        [9000, 9999, []],
        [9000, 10_000, []],
        [9000, 10_001, [1]],
        [10_000, 12_000, [1]],
        [10_500, 10_501, [1]],
        [11_999, 13_000, [1]],
        [12_000, 13_000, []],
        [12_001, 13_000, []],
      ] as const;
      for (const [from, to, want] of cases) {
        const got = await sequences(reader, { by: "time", clock, range: rangeOf(from, to) });
        assert.deepEqual(got, want, `${from} to ${to}`);
      }
    });

    test(`on the ${clock} clock agrees with a naive model at every boundary ±1 ms`, async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const next = random(seed);
        const perPack = 1 + Math.floor(next() * 7);
        const reader = new FakeReader({ perPack, perPage: 1 + (seed % 4) });
        reader.addAll("cam", scatter(seed, 120, Math.floor(next() * 30_000)));
        const all = reader.all("cam");
        for (let i = 0; i < 60; i++) {
          const bound = () => {
            const { info } = all[Math.floor(next() * all.length)] as StoredFragment;
            const us = next() < 0.5 ? info.producedStartUs : info.producedEndUs;
            const ms = clock === "producer" ? us / 1000 : info.number.receivedMs;
            return Math.floor(ms) + Math.floor(next() * 4) - 1 - FAKE_START_MS;
          };
          const [from, to] = [bound(), bound()].sort((a, b) => a - b) as [number, number];
          const range = rangeOf(from, Math.max(to, from + 1));
          const got = await sequences(reader, { by: "time", clock, range });
          assert.deepEqual(got, model(all, clock, range), `seed ${seed}, ${from} to ${to}`);
        }
      }
    });
  }

  test("finds a fragment by the server clock that began to arrive in an earlier pack and still plays", async () => {
    const reader = new FakeReader({ perPack: 1 });
    reader.addAll("cam", [bareFragment({ sequence: 1, producedMs: 0, durationMs: 20_000 })]);
    const selector = { by: "time", clock: "server", range: rangeOf(19_999, 20_000) } as const;
    assert.deepEqual(await sequences(reader, selector), [1]);
  });

  test("gives arrival order from a number, after a number, and from the earliest", async () => {
    const reader = new FakeReader({ perPack: 3, perPage: 1 });
    reader.addAll("cam", scatter(5, 60));
    const all = Array.from({ length: 60 }, (_, i) => i + 1);
    assert.deepEqual(await sequences(reader, { by: "earliest" }), all);
    for (const sequence of [1, 2, 30, 59, 60, 61]) {
      const from = await sequences(reader, { by: "number", sequence });
      assert.deepEqual(from, all.slice(sequence - 1));
      const after = await sequences(reader, { by: "after", sequence });
      assert.deepEqual(after, all.slice(sequence));
    }
  });

  test("gives the newest fragment alone for now", async () => {
    const reader = new FakeReader({ perPack: 3 });
    reader.addAll("cam", scatter(9, 50));
    assert.deepEqual(await sequences(reader, { by: "now" }), [50]);
  });

  test("lists only the packs it has reached and holds one page", async () => {
    const reader = new FakeReader({ perPack: 2, perPage: 2 });
    const list = Array.from({ length: 400 }, (_, i) =>
      bareFragment({ sequence: i + 1, producedMs: i * 2000 }),
    );
    reader.addAll("cam", list);
    const selector = { by: "time", clock: "producer", range: rangeOf(0, 800_000) } as const;
    for await (const { info } of resolve({ reader, stream: "cam" }, selector))
      if (info.number.sequence === 9) break;
    assert.ok(reader.lists <= 7, `${reader.lists} lists`);
    assert.equal(reader.largestPage, 2);
  });

  test("passes over a pack that retention takes on the way", async () => {
    const reader = new FakeReader({ perPack: 1, perPage: 10 });
    reader.addAll(
      "cam",
      [0, 1, 2, 3].map((i) => bareFragment({ sequence: i + 1, producedMs: i * 2000 })),
    );
    const found: number[] = [];
    for await (const one of resolve({ reader, stream: "cam" }, { by: "earliest" })) {
      found.push(one.info.number.sequence);
      if (found.length === 1) reader.remove("pack-2");
    }
    assert.deepEqual(found, [1, 2, 4]);
  });

  test("says stream.not-found for a stream it does not know", async () => {
    const reader = new FakeReader();
    await assert.rejects(sequences(reader, { by: "earliest" }), { code: "stream.not-found" });
  });
});

suite("a range that snaps", () => {
  const at = (sequence: number, seekable: boolean, more: Partial<BareFragment> = {}) => ({
    sequence,
    producedMs: (sequence - 1) * 2000,
    seekable,
    ...more,
  });
  const snapped = (reader: FakeReader, from: number, to: number) =>
    sequences(reader, { by: "time", clock: "producer", range: rangeOf(from, to), snap: true });

  test("begins with the seekable fragment before its first one, and everything between", async () => {
    const reader = new FakeReader({ perPack: 2 });
    const list = [at(1, true), at(2, true), at(3, false), at(4, false), at(5, false), at(6, true)];
    reader.addAll("cam", list.map(bareFragment));
    assert.deepEqual(await snapped(reader, 8500, 11_000), [2, 3, 4, 5, 6]);
    assert.deepEqual(await snapped(reader, 10_500, 11_000), [6]);
    assert.deepEqual(await snapped(reader, 2000, 4000), [2]);
  });

  test("does not reach into another run or another session", async () => {
    const other = readerOf(at(1, true), at(2, false, { run: 2 }), at(3, false, { run: 2 }));
    assert.deepEqual(await snapped(other, 4500, 9000), [3]);
    const reader = readerOf(at(1, true, { session: "b" }), at(2, false), at(3, false));
    assert.deepEqual(await snapped(reader, 4500, 9000), [3]);
  });

  test("finds a key frame minutes away, and gives up after SNAP_MS", async () => {
    const far = (ms: number) =>
      readerOf(at(1, true), { sequence: 2, producedMs: ms, seekable: false });
    assert.deepEqual(await snapped(far(590_000), 590_000, 600_000), [1, 2]);
    assert.deepEqual(await snapped(far(610_000), 610_000, 620_000), [2]);
  });
});
