import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MemoryClockState } from "../../../test/support/retention.ts";
import { SkewClock } from "../../../test/support/skew-clock.ts";
import { Fault } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import { ClockGuard } from "./clock-guard.ts";

const log = silentLogger;
const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

interface Rig {
  readonly clock: SkewClock;
  readonly store: MemoryClockState;
  readonly guard: ClockGuard;
}

/** `seenMs` and `newestMs`: what the file and the index say. */
async function rig(
  startMs: number,
  { seenMs, newestMs }: { seenMs?: number; newestMs?: number } = {},
): Promise<Rig> {
  const clock = new SkewClock(startMs);
  const store = new MemoryClockState();
  if (seenMs !== undefined) store.state = { seenMs, acceptedMs: 0, misdated: [] };
  const guard = await ClockGuard.open({ clock, store, log, newestMs });
  return { clock, store, guard };
}

/** A check each minute for so long. Returns what was suspect on the way. */
async function run({ clock, guard }: Rig, ms: number): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let passed = 0; passed < ms; passed += MINUTE) {
    clock.advance(MINUTE);
    await guard.check();
    seen.add(guard.suspicion?.kind ?? "fine");
  }
  return seen;
}

suite("nothing is suspect", () => {
  test("on a first start", async () => {
    const { guard, store } = await rig(NOW);
    assert.equal(guard.suspicion, undefined);
    assert.equal(store.state?.seenMs, NOW);
  });

  test("over days, daylight saving or not: no zone is looked at, and small corrections are none", async () => {
    const r = await rig(NOW, { seenMs: NOW - MINUTE, newestMs: NOW - MINUTE });
    for (let i = 0; i < 4; i++) {
      assert.deepEqual([...(await run(r, DAY / 2))], ["fine"]);
      r.clock.jump(i % 2 === 0 ? 20_000 : -20_000);
    }
  });

  test("after a short stop", async () => {
    const { guard } = await rig(NOW, { seenMs: NOW - HOUR / 2, newestMs: NOW - HOUR / 2 });
    assert.equal(guard.suspicion, undefined);
  });
});

suite("a clock that jumps ahead", () => {
  test("by a year: paused at once, trusted after an hour of steadiness", async () => {
    const r = await rig(NOW, { newestMs: NOW - 1000 });
    await run(r, 10 * MINUTE);
    r.clock.jump(YEAR);
    await r.guard.check();
    assert.equal(r.guard.suspicion?.kind, "ahead");
    assert.match(r.guard.suspicion?.reason ?? "", /went ahead by 365 days/);
    assert.ok((r.store.state?.seenMs ?? 0) < NOW + HOUR, "not written down while suspect");
    assert.deepEqual([...(await run(r, HOUR - MINUTE))], ["ahead"]);
    assert.deepEqual([...(await run(r, 2 * MINUTE))], ["fine"]);
  });

  test("and back within the hour: trusted an hour after, no harm done", async () => {
    const r = await rig(NOW, { newestMs: NOW - 1000 });
    await run(r, 10 * MINUTE);
    r.clock.jump(YEAR);
    await run(r, 30 * MINUTE);
    r.clock.jump(-YEAR);
    await r.guard.check();
    assert.deepEqual([...(await run(r, HOUR - MINUTE))], ["ahead"]);
    assert.deepEqual([...(await run(r, 2 * MINUTE))], ["fine"]);
  });

  test("a jump between two checks changes nothing before the next of them", async () => {
    const r = await rig(NOW);
    r.clock.advance(MINUTE);
    r.clock.jump(YEAR);
    assert.equal(r.guard.now(), NOW + MINUTE);
  });

  test("a restart meanwhile does not make it believable", async () => {
    const r = await rig(NOW, { newestMs: NOW - 1000 });
    r.clock.jump(YEAR);
    await r.guard.check();
    const store = r.store;
    const again = await ClockGuard.open({ clock: r.clock, store, log, newestMs: NOW });
    assert.equal(again.suspicion?.kind, "ahead");
  });

  test("in many small steps adds up", async () => {
    const r = await rig(NOW);
    const seen = new Set<string>();
    for (let i = 0; i < 5; i++) {
      r.clock.jump(20 * MINUTE);
      for (const kind of await run(r, 10 * MINUTE)) seen.add(kind);
    }
    assert.ok(seen.has("ahead"));
  });

  test("an operator's word ends it at once", async () => {
    const r = await rig(NOW, { newestMs: NOW });
    r.clock.jump(YEAR);
    await r.guard.check();
    await r.guard.confirm();
    assert.equal(r.guard.suspicion, undefined);
    assert.equal(r.store.state?.seenMs, NOW + YEAR);
  });
});

suite("a machine that slept or was off", () => {
  test("looks like a jump, and costs an hour", async () => {
    const r = await rig(NOW, { newestMs: NOW });
    await run(r, 10 * MINUTE);
    r.clock.jump(8 * HOUR);
    assert.deepEqual([...(await run(r, HOUR))], ["ahead"]);
    assert.deepEqual([...(await run(r, MINUTE))], ["fine"]);
    assert.deepEqual(r.guard.misdated, []);
    const off = await rig(NOW + 3 * DAY, { seenMs: NOW, newestMs: NOW });
    assert.equal(off.guard.suspicion?.kind, "ahead");
  });
});

suite("a clock in the past", () => {
  test("booted in 1970: paused until NTP comes hours later and an hour more; what came then is known to be misdated", async () => {
    const r = await rig(0, { seenMs: NOW, newestMs: NOW });
    assert.equal(r.guard.suspicion?.kind, "behind");
    assert.equal(r.guard.suspicion?.untilMs, undefined, "steadiness does not make 1970 true");
    assert.deepEqual([...(await run(r, 5 * HOUR))], ["behind"]);
    await assert.rejects(r.guard.confirm(), { code: "request.bad" });
    r.clock.set(NOW + 6 * HOUR);
    assert.deepEqual([...(await run(r, HOUR))], ["ahead"]);
    assert.deepEqual([...(await run(r, MINUTE))], ["fine"]);
    const [stretch] = r.guard.misdated;
    assert.equal(stretch?.fromMs, 0);
    assert.equal(stretch?.toMs, 5 * HOUR + MINUTE);
    assert.equal(stretch?.rightMs, NOW + 6 * HOUR + MINUTE);
    await run(r, 10 * MINUTE);
    assert.deepEqual(r.store.state?.misdated, r.guard.misdated, "known after a restart");
  });

  test("also on a machine that has never run before", async () => {
    const r = await rig(0);
    assert.equal(r.guard.suspicion?.kind, "behind");
    await run(r, HOUR);
    r.clock.set(NOW);
    await run(r, HOUR + MINUTE);
    assert.equal(r.guard.suspicion, undefined);
    assert.equal(r.guard.misdated.length, 1);
  });

  test("without a file the newest footage tells", async () => {
    const { guard } = await rig(NOW - 30 * DAY, { newestMs: NOW });
    assert.equal(guard.suspicion?.kind, "behind");
  });

  test("set back by some minutes: paused until it has caught up", async () => {
    const r = await rig(NOW);
    await run(r, 10 * MINUTE);
    r.clock.jump(-20 * MINUTE);
    assert.deepEqual([...(await run(r, 14 * MINUTE))], ["behind"]);
    assert.deepEqual([...(await run(r, 3 * MINUTE))].at(-1), "fine");
    assert.deepEqual(r.guard.misdated, []);
  });
});

test("a time that cannot be written down does not stop the server: nothing is suspect for that", async () => {
  const clock = new SkewClock(NOW);
  const full = new Fault("store.full", "no space is left");
  const store = { read: async () => undefined, write: () => Promise.reject(full) };
  const guard = await ClockGuard.open({ clock, store, log, newestMs: NOW });
  await guard.check();
  assert.equal(guard.suspicion, undefined);
});

test("footage of the future, received by a clock that was wrong, pauses for an hour, and once only", async () => {
  const r = await rig(NOW, { seenMs: NOW - MINUTE, newestMs: NOW + YEAR });
  assert.equal(r.guard.suspicion?.kind, "footage-ahead");
  assert.deepEqual([...(await run(r, HOUR - MINUTE))], ["footage-ahead"]);
  assert.deepEqual([...(await run(r, 2 * MINUTE))].at(-1), "fine");
  await run(r, 10 * MINUTE);
  const { clock, store } = r;
  const again = await ClockGuard.open({ clock, store, log, newestMs: NOW + YEAR });
  assert.equal(again.suspicion, undefined);
});
