import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { micros, millis } from "../../base/units.ts";
import type { OldPack } from "../index/fragment-index.ts";
import type { HoldRow } from "../index/index-ledger.ts";
import { checkRules, countFor, isHeld, Policy } from "./policy.ts";

const NOW = 1_790_000_000_000;
const HOUR = 3_600_000;

function pack(receivedLastMs: number, over: Partial<OldPack> = {}): OldPack {
  return {
    packId: "p",
    receivedFirstMs: millis(receivedLastMs - 60_000),
    receivedLastMs: millis(receivedLastMs),
    producedStartUs: micros(1_000_000),
    producedEndUs: micros(2_000_000),
    firstSequence: 1,
    bytes: 100,
    ...over,
  };
}

function policy(retentionHours: number, retentionBytes = 0, misdated = [] as const): Policy {
  return new Policy({ rules: { retentionHours, retentionBytes }, nowMs: NOW, misdated });
}

suite("age", () => {
  test("counts from the last fragment's server time, to the millisecond", () => {
    assert.equal(policy(24).isOld(pack(NOW - 24 * HOUR)), false);
    assert.equal(policy(24).isOld(pack(NOW - 24 * HOUR - 1)), true);
  });

  test("retention 0 keeps nothing, not even what claims to come from the future", () => {
    assert.equal(policy(0).isOld(pack(NOW + 1000 * HOUR)), true);
  });

  test("a pack of a time when the clock was wrong is as old as the correction", () => {
    const wrong = { fromMs: 0, toMs: 10 * HOUR, rightMs: NOW - 23 * HOUR };
    const rules = { retentionHours: 24, retentionBytes: 0 };
    const of1970 = pack(5 * HOUR);
    const at = (nowMs: number) => new Policy({ rules, nowMs, misdated: [wrong] });
    assert.equal(at(NOW).isOld(of1970), false);
    assert.equal(at(NOW).isOld(pack(11 * HOUR)), true, "outside the stretch");
    assert.equal(at(NOW + HOUR + 1).isOld(of1970), true);
    assert.notEqual(at(NOW).youngKey, at(NOW + HOUR + 1).youngKey);
  });
});

test("size: the least number of packs from the first on", () => {
  assert.equal(policy(24, 250).excessBytes(400), 150);
  assert.equal(policy(24, 0).excessBytes(400), 0);
  const packs = [pack(1), pack(2), pack(3)];
  assert.deepEqual(
    [0, 1, 100, 101, 999].map((n) => countFor(packs, n)),
    [0, 1, 1, 2, 3],
  );
});

test("a hold overlaps half open, and only while it is in force", () => {
  const hold = (fromMs: number, toMs: number, untilMs?: number): HoldRow => ({
    ...{ id: "h", stream: "cam", who: "w", why: "y", createdMs: millis(0) },
    ...{ fromMs: millis(fromMs), toMs: millis(toMs) },
    untilMs: untilMs === undefined ? undefined : millis(untilMs),
  });
  const held = (one: HoldRow) => isHeld(pack(NOW), [one], NOW);
  assert.equal(held(hold(0, 1000)), false, "ends where the pack begins");
  assert.equal(held(hold(0, 1001)), true);
  assert.equal(held(hold(2000, 3000)), false, "begins where the pack ends");
  assert.equal(held(hold(1999, 3000)), true);
  assert.equal(held(hold(0, 9000, NOW)), false);
  assert.equal(held(hold(0, 9000, NOW + 1)), true);
});

test("impossible rules are refused", () => {
  for (const retentionHours of [-1, 1.5, 87_601])
    assert.throws(() => checkRules({ retentionHours }), { code: "request.bad" });
  for (const retentionBytes of [-1, 0.5, 2 ** 53])
    assert.throws(() => checkRules({ retentionBytes }), { code: "request.bad" });
  checkRules({ retentionHours: 87_600, retentionBytes: 2 ** 53 - 1 });
});
