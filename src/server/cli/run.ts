/** Finds the command and turns what it throws into one line and an exit code. */
import { asFault, Fault } from "../../base/errors.ts";
import type { CliContext, Command } from "./context.ts";

/** Each is loaded when it is asked for: `ls` does not wait for the server's modules. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serve,
  demo: async () => (await import("./serve.ts")).demo,
  streams: async () => (await import("./streams.ts")).streams,
  holds: async () => (await import("./holds.ts")).holds,
  put: async () => (await import("./put.ts")).put,
  tail: async () => (await import("./tail.ts")).tail,
  clip: async () => (await import("./clip.ts")).clip,
  ls: async () => (await import("./list.ts")).list,
  users: async () => (await import("./users.ts")).users,
  token: async () => (await import("./token.ts")).token,
  reindex: async () => (await import("./maintenance.ts")).reindex,
  check: async () => (await import("./maintenance.ts")).check,
  export: async () => (await import("./maintenance.ts")).exportCommand,
  import: async () => (await import("./maintenance.ts")).importCommand,
  inspect: async () => (await import("./inspect.ts")).inspect,
};

const HELP = `streambank: live video in, kept, and found by time

  serve    [--data-dir D] [--host H] [--http-port P] [--config F] [--create-missing]
           [--default-retention-hours H] [--retention-floor-gb G] [--log-level info|warn|error|silent]
           [--push-key-file F] [--rtmp-port P] [--tls-cert F --tls-key F [--rtmps-port P]]
           [--workers N] and many more: docs/reference/settings.md
  demo     serve, with a demo camera
  streams  list [--json] | create NAME [--retention-hours H] [--retention-bytes B] | delete NAME
           | preview NAME [--hours H] [--bytes B] [--json] | set NAME [--hours H] [--bytes B] [--who W]
  holds    list [--stream S] [--ended] [--json] | end ID [--who W]
           | add --stream S --from T --to T --why W [--until T] [--who W]
  put      FILE|- --stream S [--create [--retention-hours H]] [--start T] [--realtime] [--token-file F]
  tail     --stream S [--format mkv|frames] [--from T] [-o F]
  clip     --stream S --from T --to T [--clock server] [--format mkv|mp4] -o F
  ls       --stream S [--from T] [--to T] [--clock server] [--json]
  users    list [--json] | add NAME --role viewer|operator|admin [--streams PATTERN] [--password-file F]
           | set NAME [--role R] [--streams P] [--password-file F] | remove NAME   each with --token-file F
  token    --stream S|PREFIX* [--minutes M] --push-key-file F
  inspect  FILE [--json]
  reindex  [settings]          the index anew, from the packs (the server does not run)
  check    [--deep] [--repair] [settings]   packs against the index
  export   [settings] > F      the index as lines of JSON
  import   F|- [settings]      and back, into this or another engine

T is ISO 8601 or milliseconds since 1970, on the producer's clock unless --clock server.
--server URL names the server (default http://127.0.0.1:8080).
`;

/** Resolves with the process's exit code: 0 fine, 1 the command failed, 2 it could not be understood. */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const [name = "help", ...rest] = argv;
  if (
    ["help", "--help", "-h"].includes(name) ||
    rest.some((word) => word === "--help" || word === "-h")
  ) {
    context.stdout.write(HELP);
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    context.stderr.write(`streambank: no command ${name}; streambank help lists them\n`);
    return 2;
  }
  try {
    const command = await load();
    return await command(rest, context);
  } catch (error) {
    return report(error, context);
  }
}

function report(error: unknown, context: CliContext): number {
  // The reader of our output has seen enough (`| head`).
  if ((error as NodeJS.ErrnoException).code === "EPIPE") return 0;
  if (context.signal.aborted && (error as Error).name === "AbortError") return 130;
  const fault = asFault(error);
  context.stderr.write(`streambank: ${fault.message} [${fault.code}]\n`);
  const cause = fault.cause;
  if (fault.code === "internal" && !(cause instanceof Fault) && cause instanceof Error)
    context.stderr.write(`${cause.stack}\n`);
  return fault.code === "config.bad" ? 2 : 1;
}
