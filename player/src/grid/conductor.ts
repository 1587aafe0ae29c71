/**
 * Keeps several cameras at one moment of the wall clock. One tile leads and plays at its own pace; the others play a little faster
 * or slower until they are with it, and are sent there when they are too far off. Where no tile can lead, the clock runs alone. Pure:
 * told where each tile is, says what each is to do. Times are ms since the Unix epoch on the producers' clocks.
 */
import type { Clock } from "../../../src/base/clock.ts";

/** Farther from the common time than this at 1 ×, a tile is sent there. ms. */
export const RESEEK_MS = 500;
/** Nearer than this nothing is done, ms. */
const CALM_MS = 15;
/** A tile that is paused shows the wrong picture from here on, ms. */
const STILL_MS = 20;
/** Change of rate per second that a tile is off, and the most there is. */
const GAIN = 0.8;
const MAX_NUDGE = 0.15;
/** What a tile that is sent somewhere needs until it plays there, ms: it is sent so far ahead. */
const SEEK_TAKES_MS = 150;
/** A tile is sent somewhere at most so often, ms. */
const SEEK_EVERY_MS = 2000;
/** All tiles begin together; the slowest is waited for so long, ms. */
const START_WAIT_MS = 3000;
/** A clock that was stopped (a sleeping machine, a hidden page) goes on by no more than this, ms. */
const MAX_STEP_MS = 1000;

export type TilePlace =
  /** Has a picture and can play. */
  | { readonly phase: "ready"; readonly atMs: number }
  /** Waits for media. */
  | { readonly phase: "loading" }
  /** Nothing is recorded here until then. */
  | { readonly phase: "gap"; readonly untilMs: number }
  /** Takes no part: nothing is recorded from here on, or it is not seen, or broken. */
  | { readonly phase: "out" };

export type Order =
  | { readonly kind: "play"; readonly rate: number }
  | { readonly kind: "hold" }
  | { readonly kind: "seek"; readonly ms: number };

export class Conductor {
  readonly #clock: Clock;
  #ms: number;
  #seenMs: number;
  #startedMs: number;
  #starting = true;
  #leader: number | undefined;
  #sought = new Map<number, number>();
  speed = 1;
  paused = false;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#seenMs = clock.elapsed();
    this.#startedMs = this.#seenMs;
  }

  /** The common time, ms. */
  get ms(): number {
    return this.#ms;
  }

  /** Number of the tile that leads. */
  get leader(): number | undefined {
    return this.#leader;
  }

  /** Everybody was sent to another time: they begin again together. */
  seek(ms: number): void {
    this.#ms = ms;
    this.#leader = undefined;
    this.#starting = true;
    this.#startedMs = this.#clock.elapsed();
    this.#sought.clear();
  }

  /** To be called a few times a second, with all tiles in the same order; one order for each. */
  tick(tiles: readonly TilePlace[]): Order[] {
    const now = this.#clock.elapsed();
    const passed = Math.min(MAX_STEP_MS, now - this.#seenMs) * (this.paused ? 0 : this.speed);
    this.#seenMs = now;
    if (this.#waits(tiles, now)) return tiles.map(() => ({ kind: "hold" }));
    this.#lead(tiles, passed);
    return tiles.map((tile, i) => this.#order(tile, i, now));
  }

  /** At the start, for whoever is still loading. */
  #waits(tiles: readonly TilePlace[], now: number): boolean {
    const late = tiles.some(({ phase }) => phase === "loading");
    if (this.#starting && (!late || now - this.#startedMs > START_WAIT_MS)) this.#starting = false;
    return this.#starting;
  }

  #lead(tiles: readonly TilePlace[], passed: number): void {
    const expected = this.#ms + passed;
    const places = tiles.map((tile) => (tile.phase === "ready" ? tile.atMs : undefined));
    const near = (ms: number | undefined) =>
      ms !== undefined && Math.abs(ms - expected) <= this.#limit;
    const led = this.#leader === undefined ? undefined : places[this.#leader];
    if (!near(led)) {
      const found = places.findIndex(near);
      // All are far off, as after a sleep: one of them is as good as the clock.
      const any = found >= 0 ? found : places.findIndex((ms) => ms !== undefined);
      this.#leader = any < 0 ? undefined : any;
    }
    const leads = this.#leader === undefined ? undefined : places[this.#leader];
    const loads = tiles.some(({ phase }) => phase === "loading");
    if (leads !== undefined && !this.paused) this.#ms = leads;
    else if (!loads) this.#ms = expected;
  }

  get #limit(): number {
    return RESEEK_MS * Math.max(1, this.speed);
  }

  #order(tile: TilePlace, i: number, now: number): Order {
    switch (tile.phase) {
      case "out":
        return { kind: "hold" };
      case "gap":
        return tile.untilMs > this.#ms || this.paused ? { kind: "hold" } : this.#play(1);
      case "loading":
        return this.paused ? { kind: "hold" } : this.#play(1);
      case "ready":
        if (this.paused) return this.#still(tile.atMs, i, now);
        return i === this.#leader ? this.#play(1) : this.#follow(tile.atMs, i, now);
    }
  }

  #play(rate: number): Order {
    return { kind: "play", rate: rate * this.speed };
  }

  #follow(atMs: number, i: number, now: number): Order {
    const behind = this.#ms - atMs;
    // What it went past may not be recorded: the others come after it.
    if (behind < -this.#limit) return { kind: "hold" };
    if (behind > this.#limit && this.#maySeek(i, now))
      return { kind: "seek", ms: this.#ms + SEEK_TAKES_MS * this.speed };
    return this.#play(nudge(behind / this.speed));
  }

  /** While all stand still, they show the same moment. */
  #still(atMs: number, i: number, now: number): Order {
    const isOff = Math.abs(this.#ms - atMs) > STILL_MS;
    return isOff && this.#maySeek(i, now) ? { kind: "seek", ms: this.#ms } : { kind: "hold" };
  }

  #maySeek(i: number, now: number): boolean {
    if (now - (this.#sought.get(i) ?? Number.NEGATIVE_INFINITY) < SEEK_EVERY_MS) return false;
    this.#sought.set(i, now);
    return true;
  }
}

/** How much faster to play when so many ms behind; in steps of a hundredth, so that it is not set anew all the time. */
export function nudge(behindMs: number): number {
  if (Math.abs(behindMs) < CALM_MS) return 1;
  const by = Math.max(-MAX_NUDGE, Math.min(MAX_NUDGE, (behindMs / 1000) * GAIN));
  return 1 + (Math.sign(by) * Math.ceil(Math.abs(by) * 100)) / 100;
}

/** Where playback can go on when nothing is recorded by any camera now: the next recording, unless one may still come. */
export function nextOfAll(tiles: readonly TilePlace[]): number | undefined {
  const seen = tiles.filter(({ phase }) => phase !== "out");
  const until = seen.map((tile) => (tile.phase === "gap" ? tile.untilMs : Number.NaN));
  return seen.length === 0 || until.some(Number.isNaN) ? undefined : Math.min(...until);
}
