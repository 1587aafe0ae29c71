/** Finds the command and turns what it throws into one line and an exit code. */
import { asFault, Fault } from "../../base/errors.ts";
import { clip } from "./clip.ts";
import type { CliContext, Command } from "./context.ts";
import { inspect } from "./inspect.ts";
import { list } from "./list.ts";
import { put } from "./put.ts";
import { demo, serve } from "./serve.ts";
import { streams } from "./streams.ts";
import { tail } from "./tail.ts";

const commands: Readonly<Record<string, Command>> = {
  serve,
  demo,
  streams,
  put,
  tail,
  clip,
  ls: list,
  inspect,
};

const HELP = `streambank: live video in, kept, and found by time

  serve    [--data-dir D] [--host H] [--http-port P] [--config F] [--create-missing]
           [--default-retention-hours H] [--log-level info|warn|error|silent]
  demo     serve, with a demo camera
  streams  list [--json] | create NAME [--retention-hours H] | delete NAME
  put      FILE|- --stream S [--create] [--start T] [--realtime]
  tail     --stream S [--format mkv|frames] [--from T] [-o F]
  clip     --stream S --from T --to T [--format mkv|mp4] -o F
  ls       --stream S [--from T --to T] [--json]
  inspect  FILE [--json]

T is ISO 8601 or milliseconds since 1970, on the producer's clock unless --clock server.
--server URL names the server (default http://127.0.0.1:8080).
`;

/** Resolves with the process's exit code: 0 fine, 1 the command failed, 2 it could not be understood. */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const [name = "help", ...rest] = argv;
  if (["help", "--help", "-h"].includes(name) || rest.includes("--help")) {
    context.stdout.write(HELP);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    context.stderr.write(`streambank: no command ${name}; streambank help lists them\n`);
    return 2;
  }
  try {
    return await command(rest, context);
  } catch (error) {
    return report(error, context);
  }
}

function report(error: unknown, context: CliContext): number {
  if (context.signal.aborted && (error as Error).name === "AbortError") return 130;
  const fault = asFault(error);
  context.stderr.write(`streambank: ${fault.message} [${fault.code}]\n`);
  const cause = fault.cause;
  if (fault.code === "internal" && !(cause instanceof Fault) && cause instanceof Error)
    context.stderr.write(`${cause.stack}\n`);
  return fault.code === "config.bad" ? 2 : 1;
}
