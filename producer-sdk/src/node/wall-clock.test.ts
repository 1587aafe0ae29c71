import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { frameOf } from "../../../test/support/live.ts";
import { WallClock } from "./wall-clock.ts";

const STEP_US = 40_000;

/** A camera at 25 fps; what comes out are distances from the time of day at which the frame was taken, ms. */
function setUp() {
  const clock = new FakeClock();
  const wall = new WallClock(clock);
  let media = 0;
  const startMs = clock.now();
  const out: number[] = [];
  const give = (count: number, { everyMs = 40, rate = 1 } = {}) => {
    for (let i = 0; i < count; i++) {
      const taken = wall.accept(frameOf({ timeUs: media }));
      out.push(...taken.map(({ timeUs }) => timeUs / 1000 - startMs));
      media += STEP_US * rate;
      clock.advance(everyMs);
    }
  };
  return { clock, wall, out, give, jump: (us: number) => (media += us) };
}

const steps = (times: readonly number[]) =>
  times.slice(1).map((time, i) => Math.round((time - (times[i] ?? 0)) * 1000) / 1000);

suite("WallClock", () => {
  test("frames that came in one go are from before: the last of them is from now", () => {
    const { give, out } = setUp();
    give(50, { everyMs: 0 });
    assert.deepEqual(out, [], "held");
    give(20);
    assert.equal(out[0], -50 * 40);
    assert.ok(steps(out).every((step) => step === 40));
  });

  test("a network that stalls for three seconds moves nothing", () => {
    const { give, out, clock } = setUp();
    give(100);
    clock.advance(3000);
    give(75, { everyMs: 0 });
    give(1000);
    assert.ok(steps(out).every((step) => step === 40));
  });

  test("a camera whose clock runs 100 ppm fast is drawn back by steps nobody sees", () => {
    const { give, out } = setUp();
    give(25 * 600, { rate: 1.0001 });
    const all = steps(out);
    assert.ok(all.every((step) => Math.abs(step - 40) < 0.03));
    assert.ok(Math.abs((out.at(-1) ?? 0) - out.length * 40) < 200);
  });

  test("a time of day that is set forward or back is followed, but never back into what was given", () => {
    const { give, out, clock } = setUp();
    give(50);
    clock.advance(3_600_000);
    give(600);
    assert.ok((out.at(-1) ?? 0) > 3_600_000, `${out.at(-1)}`);
    const before = Math.max(...out);
    clock.advance(-7_200_000);
    const from = out.length;
    give(10);
    assert.ok(out.slice(from).every((time) => time > before));
  });

  test("the source's own jump makes no hole", () => {
    for (const us of [7_200_000_000, -1_900_000]) {
      const { give, out, jump } = setUp();
      give(100);
      jump(us);
      give(100);
      if (us > 0) assert.ok(Math.max(...steps(out)) < 100, `${Math.max(...steps(out))}`);
      else assert.ok(Math.max(...out) < 8100);
    }
  });

  test("after a restart times go on", () => {
    const { give, out, wall, clock, jump } = setUp();
    give(100);
    wall.restart();
    jump(-100 * STEP_US);
    clock.advance(700);
    const before = Math.max(...out);
    give(5);
    out.push(...wall.flush().map(({ timeUs }) => timeUs / 1000 - 1_700_000_000_000));
    assert.ok(out.slice(-5).every((time) => time > before));
  });
});
