/** Command lines as values: flags by name, the rest in order. Unknown flags are refused. */
import { parseArgs } from "node:util";
import { Fault } from "../../base/errors.ts";

export interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
}

export interface Args {
  /** What is not a flag, in order. */
  readonly rest: readonly string[];
  /** The flag's text, or undefined when it was not given. */
  text(name: string): string | undefined;
  /** The flag's text. Throws `config.bad` when it was not given. */
  need(name: string): string;
  on(name: string): boolean;
}

/** Throws `config.bad` in one line for an unknown flag or a missing value. */
export function readArgs(argv: readonly string[], flags: Readonly<Record<string, Flag>>): Args {
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    const options: Record<string, Flag> = { ...flags };
    const result = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    parsed = {
      values: result.values as Record<string, string | boolean | undefined>,
      positionals: result.positionals,
    };
  } catch (cause) {
    const line = (cause as Error).message.split("\n")[0] ?? "";
    throw new Fault("config.bad", line.replace(/ To specify a positional.*/, ""), { cause });
  }
  const text = (name: string) => {
    const value = parsed.values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    rest: parsed.positionals,
    text,
    need(name) {
      const value = text(name);
      if (value === undefined) throw new Fault("config.bad", `--${name} is missing`);
      return value;
    },
    on: (name) => parsed.values[name] === true,
  };
}
