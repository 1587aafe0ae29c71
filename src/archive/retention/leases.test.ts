import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { MAX_KEPT, ReadLeases } from "./leases.ts";

test("a pack is under lease until the last of its readers gives it back", () => {
  const leases = new ReadLeases({ clock: new FakeClock() });
  const first = leases.take(["a", "b"]);
  const second = leases.take(["b"]);
  first.release();
  first.release();
  assert.deepEqual([leases.has("a"), leases.has("b"), leases.size], [false, true, 1]);
  second.release();
  assert.equal(leases.size, 0);
});

test("a range covers what overlaps it, of its stream, until it is released or has run out", () => {
  const clock = new FakeClock();
  const leases = new ReadLeases({ clock, capMs: 1000 });
  const lease = leases.takeRange({ stream: "cam", fromUs: 10, toUs: 20 });
  const covers = (from: number, to: number, stream = "cam") =>
    leases.covers(stream, { producedStartUs: from, producedEndUs: to });
  assert.deepEqual(
    [covers(0, 10), covers(0, 11), covers(19, 30), covers(20, 30)],
    [false, true, true, false],
  );
  assert.equal(covers(0, 30, "gate"), false);
  leases.takeRange({ stream: "cam", fromUs: 15, toUs: 16 });
  lease.release();
  assert.deepEqual([covers(10, 15), covers(10, 16)], [false, true]);
  clock.advance(1000);
  leases.expire();
  assert.equal(covers(10, 16), false);
});

test("a lease runs out at its cap, others go on", () => {
  const clock = new FakeClock();
  const leases = new ReadLeases({ clock, capMs: 1000 });
  const hangs = leases.take(["a"]);
  clock.advance(999);
  leases.expire();
  assert.equal(leases.has("a"), true);
  leases.take(["a"]);
  clock.advance(1);
  leases.expire();
  assert.equal(leases.has("a"), true, "the second reader's");
  hangs.release();
  assert.equal(leases.has("a"), true);
  clock.advance(999);
  leases.expire();
  assert.equal(leases.size, 0);
});

test("a pack is kept for the cap from when it was last asked for, and so many packs only", () => {
  const clock = new FakeClock();
  const leases = new ReadLeases({ clock, capMs: 1000 });
  leases.keep("a");
  leases.keep("b");
  clock.advance(600);
  leases.keep("a");
  clock.advance(400);
  leases.expire();
  assert.deepEqual([leases.has("a"), leases.has("b"), leases.size], [true, false, 1]);
  clock.advance(600);
  leases.expire();
  assert.equal(leases.size, 0);
  for (let i = 0; i <= MAX_KEPT; i++) leases.keep(`pack-${i}`);
  assert.deepEqual([leases.has("pack-0"), leases.has("pack-1")], [false, true]);
  assert.equal(leases.size, MAX_KEPT);
});
