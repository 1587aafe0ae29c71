/** Holds: ranges of the producer's clock that nothing removes. Checked here, kept and obeyed by the index. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { micros, millis } from "../../base/units.ts";
import type { FragmentIndex } from "../index/fragment-index.ts";
import type { HoldRow } from "../index/index-ledger.ts";
import { END_OF_TIME_MS } from "./policy.ts";

const MOST_WHY = 500;
const MOST_WHO = 128;

export interface NewHold {
  readonly stream: string;
  /** Producer's clock, ms since the Unix epoch; half open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Who wants it, 1 to 128 characters. */
  readonly who: string;
  /** What for, 1 to 500 characters. */
  readonly why: string;
  /** Server time from which it is not in force any more; undefined: until it is ended. */
  readonly untilMs?: number;
}

export class Holds {
  readonly #index: FragmentIndex;
  readonly #clock: Clock;

  constructor({ index, clock }: { index: FragmentIndex; clock: Clock }) {
    this.#index = index;
    this.#clock = clock;
  }

  /** Throws `stream.not-found`, `request.bad`, `request.bad-range`. */
  async add(hold: NewHold): Promise<HoldRow> {
    const nowMs = this.#clock.now();
    const { stream, fromMs, toMs, who, why, untilMs } = hold;
    check(hold, nowMs);
    if ((await this.#index.stream(stream)) === undefined)
      throw new Fault("stream.not-found", `there is no stream ${stream}`);
    const id = randomBytes(9).toString("base64url");
    const row: HoldRow = {
      ...{ id, stream, who, why, createdMs: nowMs },
      ...{ fromMs: millis(fromMs), toMs: millis(toMs) },
      untilMs: untilMs === undefined ? undefined : millis(untilMs),
    };
    await this.#index.addHold(row);
    await this.#index.addAudit({
      ...{ atMs: nowMs, action: "hold-added", stream, who, detail: `${id}: ${why}` },
      ...{ startUs: clampedUs(fromMs), endUs: clampedUs(toMs) },
    });
    return row;
  }

  /** The index writes the audit row itself. Throws `hold.not-found`. */
  async end(id: string, who: string): Promise<HoldRow> {
    checkWho(who);
    return this.#index.endHold(id, who, this.#clock.now());
  }

  /** Of a stream or of all; those that have ended only when asked for. */
  list(stream?: string, { ended = false }: { ended?: boolean } = {}): Promise<readonly HoldRow[]> {
    return this.#index.holds(stream, ended ? undefined : this.#clock.now());
  }
}

/** Throws `request.bad`. */
export function checkWho(who: string): void {
  checkLength("who", who, MOST_WHO);
}

function check({ fromMs, toMs, who, why, untilMs }: NewHold, nowMs: number): void {
  const inTime = (ms: number) => Number.isSafeInteger(ms) && ms >= 0 && ms <= END_OF_TIME_MS;
  if (!inTime(fromMs) || !inTime(toMs) || fromMs >= toMs)
    throw new Fault("request.bad-range", "a hold begins before it ends");
  checkWho(who);
  checkLength("why", why, MOST_WHY);
  if (untilMs !== undefined && !(inTime(untilMs) && untilMs > nowMs))
    throw new Fault("request.bad", "until: a time to come");
}

function checkLength(name: string, text: string, most: number): void {
  if (text.trim().length < 1 || text.length > most)
    throw new Fault("request.bad", `${name}: 1 to ${most} characters`);
}

/** Microseconds are safe until the year 2255. */
function clampedUs(ms: number) {
  return micros(Math.min(ms * 1000, Number.MAX_SAFE_INTEGER));
}
