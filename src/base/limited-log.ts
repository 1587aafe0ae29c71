/**
 * A log that one cause cannot flood: of each event so many lines per span of time are written, the rest is counted and
 * told with the next line that is. Browser-safe.
 */
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

export interface LogLimits {
  /** Lines of one event per span. Default 20. */
  readonly lines?: number;
  /** Default 10 s. */
  readonly spanMs?: number;
  /** Called for each line that is not written: the count of a flood that ends is in no line. */
  leftOut?(event: string): void;
}

type Fields = Readonly<Record<string, unknown>>;
type Level = "info" | "warn" | "error";

interface Spell {
  beganMs: number;
  lines: number;
  left: number;
}

/** Events are fixed words, so there are few; should a caller make them up, the oldest is forgotten. */
const MAX_EVENTS = 1000;

/** All children share the limits: a thousand cameras with one trouble are one flood. */
export function limitedLogger(log: Logger, clock: Clock, limits: LogLimits = {}): Logger {
  return wrap(log, new Limiter(clock, limits));
}

function wrap(log: Logger, limiter: Limiter): Logger {
  const say =
    (level: Level) =>
    (event: string, fields: Fields = {}) => {
      const left = limiter.take(`${level} ${event}`);
      if (left === undefined) return limiter.leftOut(event);
      log[level](event, left > 0 ? { ...fields, leftOut: left } : fields);
    };
  return {
    child: (fields) => wrap(log.child(fields), limiter),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
  };
}

class Limiter {
  readonly #clock: Clock;
  readonly #lines: number;
  readonly #spanMs: number;
  readonly leftOut: (event: string) => void;
  readonly #spells = new Map<string, Spell>();

  constructor(clock: Clock, { lines = 20, spanMs = 10_000, leftOut }: LogLimits) {
    this.#clock = clock;
    this.#lines = lines;
    this.#spanMs = spanMs;
    this.leftOut = (event) => leftOut?.(event);
  }

  /** Undefined: not to be written. Else how many were left out before it. */
  take(event: string): number | undefined {
    const now = this.#clock.elapsed();
    const spell = this.#spell(event, now);
    if (now - spell.beganMs >= this.#spanMs) {
      spell.beganMs = now;
      spell.lines = 0;
    }
    if (spell.lines >= this.#lines) {
      spell.left++;
      return undefined;
    }
    spell.lines++;
    const { left } = spell;
    spell.left = 0;
    return left;
  }

  #spell(event: string, now: number): Spell {
    const known = this.#spells.get(event);
    if (known !== undefined) return known;
    const [oldest] = this.#spells.keys();
    if (this.#spells.size >= MAX_EVENTS && oldest !== undefined) this.#spells.delete(oldest);
    const made = { beganMs: now, lines: 0, left: 0 };
    this.#spells.set(event, made);
    return made;
  }
}
