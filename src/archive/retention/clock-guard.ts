/**
 * Nothing is deleted while the clock is suspect: by a clock a year ahead, all footage is a year older. Compared are the
 * wall clock, the monotonic clock since the start, the last time that was trusted (kept over restarts), and the newest
 * footage in the index. What this catches and what not: docs/design/retention.md.
 */
import { type Clock, isoMillis, isoTime } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { type Millis, millis } from "../../base/units.ts";
import type { Misdated } from "./policy.ts";

/** What is remembered over restarts. */
export interface ClockState {
  /** The highest wall time that was trusted. */
  readonly seenMs: number;
  /** Footage up to this server time was received by a clock ahead of its time: it says nothing about now. */
  readonly acceptedMs: number;
  readonly misdated: readonly Misdated[];
}

export interface ClockStateStore {
  read(): Promise<ClockState | undefined>;
  write(state: ClockState): Promise<void>;
}

export interface ClockLimits {
  /** A step ahead above this, ms, is suspect. */
  readonly aheadMs: number;
  /** So is a clock this far, ms, behind a time that was trusted. */
  readonly behindMs: number;
  /** A suspect step ahead is believed after so long, ms, without another. */
  readonly steadyMs: number;
}

export const CLOCK_LIMITS: ClockLimits = {
  aheadMs: 3_600_000,
  behindMs: 300_000,
  steadyMs: 3_600_000,
};

/** A clock before 2024 has not been set. */
const EARLIEST_MS = isoMillis("2024-01-01T00:00:00Z");
/** A step smaller than this is none: clocks are corrected all the time. */
const STEP_MS = 60_000;
/** Steps are added up over this long. */
const REFERENCE_MS = 24 * 3_600_000;
/** The last time is written down this often. */
const WRITE_EVERY_MS = 300_000;
/** Stretches remembered. */
const MOST_MISDATED = 16;

export interface ClockSuspicion {
  /** `behind`: ends when the clock has caught up. `ahead`, `footage-ahead`: ends when it has been steady. All end by word. */
  readonly kind: "ahead" | "behind" | "footage-ahead";
  /** For people. */
  readonly reason: string;
  /** Wall clock when it was noticed, and when it ends by itself if nothing more happens. */
  readonly sinceMs: number;
  readonly untilMs?: number;
}

interface Reading {
  readonly wall: number;
  readonly mono: number;
}

interface Suspect {
  readonly kind: ClockSuspicion["kind"];
  readonly reason: string;
  readonly sinceMs: number;
  /** Of the last step. */
  steadyFrom: number;
}

export interface ClockGuardOptions {
  readonly clock: Clock;
  readonly store: ClockStateStore;
  readonly log: Logger;
  /** Server time of the newest footage, or undefined when there is none. */
  readonly newestMs: number | undefined;
  readonly limits?: Partial<ClockLimits>;
}

export class ClockGuard {
  readonly #clock: Clock;
  readonly #store: ClockStateStore;
  readonly #log: Logger;
  readonly #limits: ClockLimits;
  readonly #newestMs: number;
  #seenMs: number;
  #acceptedMs: number;
  #misdated: readonly Misdated[];
  #last: Reading;
  #reference: Reading;
  #suspect: Suspect | undefined;
  /** Wall times while the clock was behind. */
  #wrong: { fromMs: number; toMs: number } | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  private constructor(options: ClockGuardOptions, state: ClockState | undefined) {
    const { clock, store, log, newestMs, limits } = options;
    this.#log = log;
    this.#clock = clock;
    this.#store = store;
    this.#limits = { ...CLOCK_LIMITS, ...limits };
    this.#last = this.#reference = { wall: clock.now(), mono: clock.elapsed() };
    this.#newestMs = newestMs ?? Number.NEGATIVE_INFINITY;
    this.#seenMs = state?.seenMs ?? newestMs ?? this.#last.wall;
    this.#acceptedMs = state?.acceptedMs ?? Number.NEGATIVE_INFINITY;
    this.#misdated = state?.misdated ?? [];
  }

  static async open(options: ClockGuardOptions): Promise<ClockGuard> {
    const guard = new ClockGuard(options, await options.store.read());
    guard.#atStart();
    await guard.check();
    return guard;
  }

  /** Why nothing may be deleted now, or undefined. */
  get suspicion(): ClockSuspicion | undefined {
    if (this.#suspect === undefined) return undefined;
    const { kind, reason, sinceMs, steadyFrom } = this.#suspect;
    const leftMs = steadyFrom + this.#limits.steadyMs - this.#clock.elapsed();
    const untilMs = Math.ceil(this.#clock.now() + leftMs);
    return { kind, reason, sinceMs, ...(kind === "behind" ? {} : { untilMs }) };
  }

  /** Times at which the clock is now known to have been wrong. */
  get misdated(): readonly Misdated[] {
    return this.#misdated;
  }

  /** The wall clock as it was at the last check, and what has passed since: it does not jump between two checks. */
  now(): Millis {
    return millis(Math.trunc(this.#last.wall + this.#clock.elapsed() - this.#last.mono));
  }

  /** Reads the clocks, and writes down the time when it is trusted. Never rejects. */
  async check(): Promise<void> {
    const now = { wall: this.#clock.now(), mono: this.#clock.elapsed() };
    const last = this.#last;
    this.#last = now;
    const step = aheadOf(now, last);
    this.#judge(now, { step, passed: now.mono - last.mono });
    if (this.#suspect !== undefined) return;
    this.#seenMs = Math.max(this.#seenMs, now.wall);
    if (now.mono - this.#reference.mono > REFERENCE_MS) this.#reference = now;
    if (now.mono - this.#writtenAt >= WRITE_EVERY_MS) await this.#write();
  }

  /** An operator says that the clock is right. Throws `request.bad` when it certainly is not. */
  async confirm(): Promise<void> {
    await this.check();
    const { wall } = this.#last;
    if (wall < EARLIEST_MS)
      throw new Fault("request.bad", `the clock says ${isoTime(wall)}: set it first`);
    this.#wrong = undefined;
    this.#seenMs = wall;
    this.#trust();
    await this.#write();
  }

  #atStart(): void {
    const { wall } = this.#last;
    const awayMs = wall - this.#seenMs;
    if (this.#newestMs > Math.max(wall, this.#acceptedMs) + this.#limits.behindMs)
      this.#suspects("footage-ahead", `the newest footage is of ${isoTime(this.#newestMs)}`);
    if (awayMs > this.#limits.aheadMs)
      this.#suspects("ahead", `${words(awayMs)} later than when the server last ran`);
  }

  #judge(now: Reading, { step, passed }: { step: number; passed: number }): void {
    if (this.#suspect !== undefined && Math.abs(step) > STEP_MS)
      this.#suspect.steadyFrom = now.mono;
    if (this.#isBehind(now.wall)) this.#behind(now.wall);
    else this.#notBehind(now, { step, passed });
  }

  #notBehind(now: Reading, { step, passed }: { step: number; passed: number }): void {
    const far = step > Math.max(this.#limits.aheadMs, passed);
    if (far || aheadOf(now, this.#reference) > this.#limits.aheadMs) {
      const byMs = far ? step : aheadOf(now, this.#reference);
      this.#suspects("ahead", `the clock went ahead by ${words(byMs)}`);
      this.#reference = now;
    }
    this.#wasBehind(now.wall, step);
    const suspect = this.#suspect;
    if (suspect !== undefined && now.mono - suspect.steadyFrom >= this.#limits.steadyMs)
      this.#trust();
  }

  #isBehind(wall: number): boolean {
    return wall < EARLIEST_MS || wall < this.#seenMs - this.#limits.behindMs;
  }

  #behind(wall: number): void {
    const { fromMs, toMs } = this.#wrong ?? { fromMs: wall, toMs: wall };
    this.#wrong = { fromMs: Math.min(fromMs, wall), toMs: Math.max(toMs, wall) };
    if (this.#suspect?.kind === "behind") return;
    const than = wall < EARLIEST_MS ? EARLIEST_MS : this.#seenMs;
    this.#suspects("behind", `it was ${isoTime(than)} already`);
  }

  /** The clock is not behind any more: it was set right, or it has run until it was. */
  #wasBehind(wall: number, step: number): void {
    if (this.#wrong === undefined) return;
    const { fromMs, toMs } = this.#wrong;
    this.#wrong = undefined;
    if (step > STEP_MS) {
      const stretch = { fromMs, toMs: toMs + STEP_MS, rightMs: wall };
      this.#misdated = [...this.#misdated, stretch].slice(-MOST_MISDATED);
    }
    if (this.#suspect?.kind !== "behind") return;
    this.#suspect = undefined;
    this.#log.warn("clock.trusted");
  }

  #suspects(kind: Suspect["kind"], why: string): void {
    const { wall, mono } = this.#last;
    const reason = `the clock says ${isoTime(wall)}; ${why}`;
    if (this.#suspect?.kind !== kind) this.#log.error("clock.suspect", { reason });
    this.#suspect = { kind, reason, sinceMs: wall, steadyFrom: mono };
  }

  #trust(): void {
    if (this.#suspect !== undefined) this.#log.warn("clock.trusted");
    this.#suspect = undefined;
    this.#reference = this.#last;
    this.#acceptedMs = Math.max(this.#acceptedMs, this.#newestMs);
  }

  /** That it cannot be written must not keep retention from making room on a full disk. */
  async #write(): Promise<void> {
    const [seenMs, acceptedMs, misdated] = [this.#seenMs, this.#acceptedMs, this.#misdated];
    this.#writtenAt = this.#last.mono;
    try {
      await this.#store.write({ seenMs, acceptedMs, misdated });
    } catch (error) {
      const { code, message } = asFault(error, "store.unavailable");
      this.#log.warn("retention.clock-not-written", { code, message });
    }
  }
}

/** How much more the wall clock moved than the monotonic one, ms. */
function aheadOf(now: Reading, then: Reading): number {
  return now.wall - then.wall - (now.mono - then.mono);
}

function words(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${Math.round(hours / 24)} days`;
}
