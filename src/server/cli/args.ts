/** Command lines as values: flags by name, the rest in order. What is not known is refused. */
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
  /** The flag's text. Throws `config.bad` when it was not given or is empty. */
  need(name: string): string;
  on(name: string): boolean;
}

/** `most`: how many words besides flags there may be. Throws `config.bad` in one line. */
export function readArgs(
  argv: readonly string[],
  flags: Readonly<Record<string, Flag>>,
  { most }: { most: number },
): Args {
  const { values, positionals } = parse(argv, flags);
  const extra = positionals[most];
  if (extra !== undefined) throw new Fault("config.bad", `what is ${extra}?`);
  const text = (name: string) => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    rest: positionals,
    text,
    need(name) {
      const value = text(name);
      if (value === undefined || value === "")
        throw new Fault("config.bad", `--${name} is missing`);
      return value;
    },
    on: (name) => values[name] === true,
  };
}

interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

function parse(argv: readonly string[], flags: Readonly<Record<string, Flag>>): Parsed {
  try {
    const options: Record<string, Flag> = { ...flags };
    const result = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    return {
      values: result.values as Parsed["values"],
      positionals: result.positionals,
    };
  } catch (cause) {
    throw new Fault("config.bad", complaint((cause as Error).message), { cause });
  }
}

/** Node's message in one line. For a value such as `-1` it only says "ambiguous" there. */
function complaint(message: string): string {
  const line = message.split("\n")[0] ?? "";
  const [, flag] = /^Option '.*?(--[\w-]+)' argument is ambiguous/.exec(line) ?? [];
  if (flag !== undefined) return `${flag}: a value is missing (-1 is written ${flag}=-1)`;
  return line.replace(/ To specify a positional.*/, "");
}
