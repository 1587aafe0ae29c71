/** Times and ranges on the command line. What is wrong with them is found before a server is asked. */
import { asFault, Fault } from "../../base/errors.ts";
import type { Millis } from "../../base/units.ts";
import { parseTime, timeRange } from "../../play/time.ts";
import type { Args } from "./args.ts";

/** The time in a flag, or undefined when it was not given. Throws `config.bad`. */
export function timeOf(args: Args, name: string): Millis | undefined {
  const text = args.text(name);
  return text === undefined ? undefined : refusing(`--${name}: `, () => parseTime(text));
}

/** The time in a flag. Throws `config.bad` when it was not given. */
export function needTime(args: Args, name: string): Millis {
  const text = args.need(name);
  return refusing(`--${name}: `, () => parseTime(text));
}

/** `from`, `to` and `clock` as the native API takes them. Throws `config.bad`. */
export function rangeQuery(args: Args): URLSearchParams {
  const query = new URLSearchParams();
  const [from, to, clock] = [timeOf(args, "from"), timeOf(args, "to"), args.text("clock")];
  if (from !== undefined && to !== undefined) refusing("", () => timeRange(from, to));
  if (from !== undefined) query.set("from", String(from));
  if (to !== undefined) query.set("to", String(to));
  if (clock === undefined) return query;
  if (clock !== "producer" && clock !== "server")
    throw new Fault("config.bad", `--clock: producer or server, not ${clock}`);
  query.set("clock", clock);
  return query;
}

/** Runs a check of ours; what it throws becomes the command line's mistake. */
export function refusing<T>(prefix: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw new Fault("config.bad", `${prefix}${asFault(cause).message}`, { cause });
  }
}
