import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silentLogger } from "../base/logger.ts";
import { SPACE_LIMITS, SpaceGate, type SpaceLimits } from "./space-gate.ts";

interface Disk {
  free: number;
  spool: number;
}

async function gateOn(disk: Disk, over: Partial<SpaceLimits> = {}) {
  const clock = new FakeClock();
  const changes: boolean[] = [];
  const gate = new SpaceGate({
    clock,
    log: silentLogger,
    limits: { ...SPACE_LIMITS, minFreeBytes: 1000, patienceMs: 5000, ...over },
    space: async () => ({ free: disk.free, total: 1e9 }),
    spoolBytes: () => disk.spool,
    changed: (open) => changes.push(open),
  });
  await gate.check();
  /** Lets time pass and looks at the disk then. */
  const pass = async (ms: number) => {
    clock.advance(ms);
    await gate.check();
  };
  return { gate, clock, changes, pass };
}

const settled = (promise: Promise<void> | undefined) => {
  const state = { value: "waiting" };
  promise?.then(
    () => (state.value = "passed"),
    (error) => (state.value = error.code),
  );
  return state;
};

suite("SpaceGate", () => {
  test("is open while there is room, and asks nobody to wait", async () => {
    const { gate } = await gateOn({ free: 5000, spool: 0 });
    assert.equal(gate.pass(), undefined);
    assert.equal(gate.state.open, true);
  });

  test("closes below its mark, opens a little above it, and lets go who waited", async () => {
    const disk = { free: 999, spool: 0 };
    const { gate, pass, changes } = await gateOn(disk);
    const waiting = settled(gate.pass());
    disk.free = 1050;
    await pass(1000);
    assert.equal(waiting.value, "waiting");
    disk.free = 1101;
    await pass(1000);
    assert.equal(waiting.value, "passed");
    assert.deepEqual(changes, [false, true]);
  });

  test("refuses what has waited too long, with store.full", async () => {
    const { gate, pass } = await gateOn({ free: 1, spool: 0 });
    const waiting = settled(gate.pass());
    await pass(4999);
    assert.equal(waiting.value, "waiting");
    await pass(1);
    assert.equal(waiting.value, "store.full");
  });

  test("the mark rises with what really comes in", async () => {
    const disk = { free: 50_000, spool: 0 };
    const { gate, pass } = await gateOn(disk, { headroomMs: 60_000 });
    for (let i = 0; i < 60; i++) {
      gate.wrote(1000);
      await pass(1000);
    }
    // A thousand bytes a second, a minute ahead.
    assert.ok(Math.abs(gate.state.stopBytes - 60_000) < 1000, String(gate.state.stopBytes));
    assert.equal(gate.state.open, false);
    disk.free = 80_000;
    await pass(1000);
    assert.equal(gate.state.open, true);
  });

  test("a full spool closes it, an emptied one opens it", async () => {
    const disk = { free: 1e9, spool: 101 };
    const { gate, pass } = await gateOn(disk, { maxSpoolBytes: 100 });
    assert.match(gate.state.reason ?? "", /spool/);
    disk.spool = 80;
    await pass(1000);
    assert.equal(gate.state.open, true);
  });

  test("a disk that says it is full is believed at once", async () => {
    const { gate } = await gateOn({ free: 1e9, spool: 0 });
    gate.full();
    assert.equal(settled(gate.pass()).value, "waiting");
    await gate.check();
    assert.equal(gate.state.open, true);
  });

  test("whoever waits when the server stops is told so", async () => {
    const { gate } = await gateOn({ free: 1, spool: 0 });
    const waiting = settled(gate.pass());
    gate.stop();
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(waiting.value, "server.closing");
  });
});
