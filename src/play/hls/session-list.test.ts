import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { bareFragment, FAKE_START_MS, FakeReader } from "../../../test/support/fake-reader.ts";
import { BreakCounts } from "./breaks-before.ts";
import { KVS_BREAKS } from "./listed.ts";
import { type SessionSelection, sessionList } from "./session-list.ts";

const OPENED_MS = FAKE_START_MS + 1_000_000;

/** Ten fragments of 2 s; a gap of 10 s in front of the fourth. */
function reader(): FakeReader {
  const made = new FakeReader({ perPack: 3 });
  const fragments = Array.from({ length: 10 }, (_, i) =>
    bareFragment({ sequence: i + 1, producedMs: i * 2000 + (i >= 3 ? 10_000 : 0) }),
  );
  made.addAll("cam", fragments);
  return made;
}

async function at(ms: number, more: Partial<SessionSelection> = {}) {
  const selection: SessionSelection = {
    ...{ mode: "LIVE_REPLAY", clock: "producer", fromMs: FAKE_START_MS, openedMs: OPENED_MS },
    ...{ since: 1, max: 3, rule: KVS_BREAKS, ...more },
  };
  const options = { selection, counts: new BreakCounts(), nowMs: OPENED_MS + ms };
  const found = await sessionList({ reader: reader(), stream: "cam" }, options);
  const { list, mediaSequence, discontinuitySequence, ended } = found;
  const sequences = list.map(({ info }) => info.number.sequence);
  return { sequences, mediaSequence, discontinuitySequence, ended };
}

suite("the list of a KVS session", () => {
  test("LIVE_REPLAY moves on by what has played, over gaps", async () => {
    assert.deepEqual(await at(0), {
      ...{ sequences: [1, 2, 3], mediaSequence: 0, discontinuitySequence: 0, ended: false },
    });
    assert.deepEqual((await at(1999)).sequences, [1, 2, 3]);
    assert.deepEqual(await at(2000), {
      ...{ sequences: [2, 3, 4], mediaSequence: 1, discontinuitySequence: 0, ended: false },
    });
    // The fourth follows a gap, which takes no time.
    assert.deepEqual(await at(6000), {
      ...{ sequences: [4, 5, 6], mediaSequence: 3, discontinuitySequence: 1, ended: false },
    });
  });

  test("LIVE_REPLAY ends with its range, and goes on without one", async () => {
    assert.equal((await at(13_999, { toMs: FAKE_START_MS + 60_000 })).ended, false);
    const last = await at(14_000, { toMs: FAKE_START_MS + 60_000 });
    assert.deepEqual([last.sequences, last.ended], [[8, 9, 10], true]);
    assert.equal((await at(1_000_000)).ended, false);
    assert.deepEqual((await at(1_000_000)).sequences, [8, 9, 10]);
  });

  test("LIVE has the newest by arrival, never older than its first", async () => {
    const live = { mode: "LIVE" as const };
    assert.deepEqual(await at(0, live), {
      ...{ sequences: [8, 9, 10], mediaSequence: 8, discontinuitySequence: 1, ended: false },
    });
    assert.deepEqual((await at(0, { ...live, since: 9 })).sequences, [9, 10]);
    const always = await at(0, { ...live, since: 5, rule: "always" });
    assert.equal(always.discontinuitySequence, 3);
  });

  test("ON_DEMAND has its range from the beginning, and its end", async () => {
    const toMs = FAKE_START_MS + 4000;
    assert.deepEqual(await at(0, { mode: "ON_DEMAND", toMs, max: 10 }), {
      ...{ sequences: [1, 2, 3], mediaSequence: 0, discontinuitySequence: 0, ended: true },
    });
    assert.deepEqual((await at(0, { mode: "ON_DEMAND", toMs, max: 2 })).sequences, [1, 2]);
  });
});
