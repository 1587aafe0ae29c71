/** The server's settings on a command line: the same flags for all commands that open a data folder. */
import { type Config, readConfig, settings } from "../config.ts";
import type { Args, Flag } from "./args.ts";
import type { CliContext } from "./context.ts";

export const settingFlags: Readonly<Record<string, Flag>> = {
  config: { type: "string" },
  ...Object.fromEntries(
    Object.values(settings).map((s) => [
      s.flag,
      { type: typeof s.fallback === "boolean" ? "boolean" : "string" } as const,
    ]),
  ),
};

/** Throws `config.bad`. */
export function configOf(args: Args, { env }: CliContext): Config {
  const names = Object.keys(settingFlags);
  const flags = Object.fromEntries(
    names.map((name) => [name, args.text(name) ?? (args.on(name) ? true : undefined)]),
  );
  const own = Object.entries(env).filter(([name]) => name.startsWith("STREAMBANK_"));
  return readConfig({ flags, env: Object.fromEntries(own) });
}
