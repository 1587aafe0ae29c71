/** Retention rules on the command line. What is wrong with them is found before a server is asked. */
import { Fault } from "../../base/errors.ts";
import type { Args } from "./args.ts";
import type { CliContext } from "./context.ts";

/** Ten years: the server takes no more. */
const MAX_RETENTION_HOURS = 87_600;
const UNITS: Readonly<Record<string, number>> = { "": 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** A flag of whole hours, or undefined when it was not given. Throws `config.bad`. */
export function hoursOf(args: Args, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const hours = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (hours <= MAX_RETENTION_HOURS) return hours;
  throw new Fault(
    "config.bad",
    `--${name}: a whole number from 0 to ${MAX_RETENTION_HOURS}, not ${text}`,
  );
}

/** A flag of bytes, with KB, MB, GB or TB (thousands) behind them or not. Throws `config.bad`. */
export function bytesOf(args: Args, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const [, count, unit = ""] = /^(\d{1,15})([KMGT]B)?$/.exec(text) ?? [];
  const bytes = Number(count) * (UNITS[unit] ?? 1);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new Fault("config.bad", `--${name}: bytes such as 500000000 or 500MB, not ${text}`);
}

/** Who does it, for the audit: `--who`, or the user's name. */
export function whoOf(args: Args, { env }: CliContext): string {
  return args.text("who") ?? env.USER ?? "command line";
}

/** Bytes for people. */
export function sizeText(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
