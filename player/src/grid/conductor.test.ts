import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { Conductor, nextOfAll, nudge, type Order, type TilePlace } from "./conductor.ts";
import { gridMarkup } from "./grid-markup.ts";
import { gridPlaceText, readGridPlace } from "./grid-place.ts";
import { mergeCoverage, union } from "./merged-coverage.ts";

const T0 = 1_790_000_000_000;

/** A camera that plays at its own pace: `drift` 0.02 is 2 % too fast. Takes a while to be where it is sent. */
class FakeTile {
  atMs: number;
  readonly drift: number;
  readonly takesMs: number;
  /** Stands still although it was told to play. */
  stuck = false;
  seeks = 0;
  order: Order = { kind: "hold" };
  #loadsMs: number;
  constructor({ atMs = T0, drift = 0, takesMs = 0 } = {}) {
    this.atMs = atMs;
    this.drift = drift;
    this.takesMs = takesMs;
    this.#loadsMs = takesMs;
  }
  get place(): TilePlace {
    return this.#loadsMs > 0 ? { phase: "loading" } : { phase: "ready", atMs: this.atMs };
  }
  pass(ms: number): void {
    this.#loadsMs -= ms;
    if (this.#loadsMs > 0 || this.order.kind !== "play" || this.stuck) return;
    this.atMs += ms * this.order.rate * (1 + this.drift);
  }
  obey(order: Order): void {
    if (order.kind === "seek") {
      this.seeks++;
      this.atMs = order.ms;
      this.#loadsMs = this.takesMs;
    } else this.order = order;
  }
}

function play(
  tiles: readonly FakeTile[],
  seconds: number,
  setup: (c: Conductor) => void = () => {},
) {
  const clock = new FakeClock();
  const conductor = new Conductor(clock, T0);
  setup(conductor);
  const run = (s: number) => {
    for (let passed = 0; passed < s * 1000; passed += 200) {
      clock.advance(200);
      for (const tile of tiles) tile.pass(200);
      const orders = conductor.tick(tiles.map(({ place }) => place));
      for (const [i, order] of orders.entries()) tiles[i]?.obey(order);
    }
  };
  run(seconds);
  return { conductor, run };
}

const spread = (tiles: readonly FakeTile[]) => {
  const at = tiles.map(({ atMs }) => atMs);
  return Math.max(...at) - Math.min(...at);
};

suite("cameras at one time", () => {
  test("begin together when the slowest has loaded, and stay within a picture although each has its own pace", () => {
    const tiles = [0, 0.01, -0.01, 0.005].map(
      (drift, i) => new FakeTile({ drift, takesMs: 200 + i * 500 }),
    );
    const { conductor, run } = play(tiles, 2);
    assert.ok(
      tiles.every(({ atMs }) => atMs - T0 <= 400),
      "nobody ran ahead of the slowest",
    );
    run(60);
    assert.ok(spread(tiles) < 40, `${spread(tiles)} ms`);
    assert.deepEqual(
      tiles.map(({ seeks }) => seeks),
      [0, 0, 0, 0],
      "by their pace alone",
    );
    assert.equal(conductor.leader, 0);
    assert.ok(Math.abs(conductor.ms - T0 - 60_000) < 1000);
  });

  test("one that is more than half a second behind is sent to the others, and no more than is needed", () => {
    const tiles = [new FakeTile(), new FakeTile({ takesMs: 150 }), new FakeTile()];
    const { run } = play(tiles, 4);
    const [, second] = tiles as [FakeTile, FakeTile, FakeTile];
    second.atMs -= 900;
    run(4);
    assert.equal(second.seeks, 1);
    assert.ok(spread(tiles) < 40, `${spread(tiles)} ms`);
    second.atMs -= 300;
    run(6);
    assert.equal(second.seeks, 1, "a third of a second is made up for by playing faster");
    assert.ok(spread(tiles) < 40, `${spread(tiles)} ms`);
  });

  test("one that is ahead, as it skipped a hole, is waited for by nobody: it waits itself", () => {
    const tiles = [new FakeTile(), new FakeTile()];
    const { run, conductor } = play(tiles, 2);
    (tiles[0] as FakeTile).atMs += 1200;
    run(0.2);
    assert.equal(conductor.leader, 1, "the other leads");
    assert.deepEqual(tiles[0]?.order, { kind: "hold" });
    run(8);
    assert.ok(spread(tiles) < 40, `${spread(tiles)} ms`);
    assert.equal(tiles[0]?.seeks, 0);
  });

  test("a leader that stands still does not hold the others up", () => {
    const tiles = [new FakeTile(), new FakeTile(), new FakeTile()];
    const { run, conductor } = play(tiles, 2);
    const before = conductor.ms;
    const [first] = tiles as [FakeTile, FakeTile, FakeTile];
    Object.defineProperty(first, "place", { get: () => ({ phase: "loading" }) });
    first.stuck = true;
    run(5);
    assert.ok(conductor.ms - before > 4500, `${conductor.ms - before}`);
    assert.equal(conductor.leader, 1);
  });

  test("in a gap of all, time passes; they say where it goes on", () => {
    const clock = new FakeClock();
    const conductor = new Conductor(clock, T0);
    const gap = (untilMs: number): TilePlace => ({ phase: "gap", untilMs });
    const places = [gap(T0 + 5000), gap(T0 + 3000), { phase: "out" }] as const;
    conductor.tick(places);
    clock.advance(800);
    assert.deepEqual(conductor.tick(places), [
      { kind: "hold" },
      { kind: "hold" },
      { kind: "hold" },
    ]);
    assert.equal(conductor.ms, T0 + 800);
    assert.equal(nextOfAll(places), T0 + 3000);
    assert.equal(nextOfAll([{ phase: "loading" }, gap(T0)]), undefined, "one may still have it");
    assert.equal(nextOfAll([{ phase: "out" }]), undefined);
    for (let i = 0; i < 4; i++) {
      clock.advance(800);
      conductor.tick(places);
    }
    const [first, second] = conductor.tick(places);
    assert.deepEqual([first?.kind, second?.kind], ["hold", "play"]);
  });

  test("paused, all are sent to the same picture; speeds multiply; a clock that slept does not jump", () => {
    const tiles = [new FakeTile(), new FakeTile({ drift: 0.01 }), new FakeTile({ drift: -0.01 })];
    const { run, conductor } = play(tiles, 10, (c) => {
      c.speed = 4;
    });
    assert.ok(Math.abs(conductor.ms - T0 - 40_000) < 1200, `${conductor.ms - T0}`);
    assert.ok(spread(tiles) < 150, `${spread(tiles)} ms at 4 ×`);
    conductor.paused = true;
    (tiles[1] as FakeTile).atMs += 120;
    run(3);
    assert.ok(spread(tiles) <= 40, `${spread(tiles)} ms`);
    const clock = new FakeClock();
    const asleep = new Conductor(clock, T0);
    asleep.tick([{ phase: "gap", untilMs: T0 + 1e9 }]);
    clock.advance(3_600_000);
    asleep.tick([{ phase: "gap", untilMs: T0 + 1e9 }]);
    assert.ok(asleep.ms - T0 <= 1000);
  });

  test("a nudge is none when near, small when not, and has an end", () => {
    assert.deepEqual([0, 10, -10].map(nudge), [1, 1, 1]);
    assert.ok(nudge(50) > 1.03 && nudge(50) < 1.06 && nudge(-50) < 0.97);
    assert.deepEqual([nudge(5000), nudge(-5000)], [1.15, 0.85]);
  });
});

suite("one line for several cameras", () => {
  test("is recorded where one is, and as strong as there are cameras", () => {
    const density = (recordedMs: number[]) => ({ fromMs: 0, bucketMs: 100, recordedMs });
    const merged = mergeCoverage([
      { ranges: [{ from: 0, to: 200 }], gaps: [], density: density([100, 100, 0]) },
      { ranges: [{ from: 100, to: 150 }], gaps: [], density: density([0, 50, 0]) },
      undefined,
      { ranges: [], gaps: [], density: density([0, 0, 0]) },
    ]);
    assert.deepEqual(merged.ranges, [{ from: 0, to: 200 }]);
    assert.deepEqual(merged.density?.recordedMs, [25, 37.5, 0]);
    assert.deepEqual(
      union([
        { from: 5, to: 9 },
        { from: 0, to: 2 },
        { from: 2, to: 4 },
        { from: 6, to: 7 },
      ]),
      [
        { from: 0, to: 4 },
        { from: 5, to: 9 },
      ],
    );
  });
});

test("the address of the grid names cameras, how many at once, and the moment", () => {
  const place = { streams: ["front-door", "a,b?t=#1/ä"], tiles: 9, atMs: T0 };
  assert.deepEqual(readGridPlace(`#${gridPlaceText(place)}`), place);
  assert.deepEqual(readGridPlace("#?tiles=5&t=soon"), { streams: [] });
  assert.deepEqual(readGridPlace("#%,cam"), { streams: ["cam"] });
  assert.equal(gridPlaceText({ streams: [] }), "");
});

test("the grid offers the speeds at which every tile is decoded whole", () => {
  const offered = [...gridMarkup.matchAll(/<option value="([^"]+)"/g)].map(([, text]) =>
    Number(text),
  );
  assert.deepEqual(offered, [0.25, 0.5, 1, 1.5, 2, 4, 8]);
});
