/** KVS's timestamps: epoch seconds as a JSON number, with a fraction where the client sends one. */
import { Fault } from "../../base/errors.ts";
import { type Millis, millis } from "../../base/units.ts";
import { MAX_TIME_MS } from "../../play/time.ts";

/** Rounded to whole ms: a fraction of a double is not exact. Throws `request.bad-time`. */
export function epochMs(seconds: number): Millis {
  const ms = Math.round(seconds * 1000);
  if (ms >= 0 && ms <= MAX_TIME_MS) return millis(ms);
  throw new Fault("request.bad-time", `not a timestamp: ${seconds}`);
}
