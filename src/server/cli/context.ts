/** What a command gets from the process, so that tests can run commands without one. */
import type { Readable } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly clock: Clock;
  /** Aborts on Ctrl-C and on SIGTERM. */
  readonly signal: AbortSignal;
  /** Pushes the sample for ever; given by the program, because it is built from `samples/`. */
  readonly demoCamera: (options: DemoCameraOptions) => Promise<void>;
}

export interface DemoCameraOptions {
  readonly url: string;
  readonly stream: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For servers that ask who pushes. */
  readonly token?: () => Promise<string>;
  readonly log: (line: string) => void;
}

/** Runs one command. Resolves with the exit code; throws a `Fault` for what the user should read. */
export type Command = (argv: readonly string[], context: CliContext) => Promise<number>;

/**
 * Writes and waits while the other side is slow. Rejects with `EPIPE` when a pipe's reader has gone away, with
 * `request.bad` for anything else.
 */
export function write(out: NodeJS.WritableStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(data, (error) => {
      if (error === null || error === undefined) resolve();
      else if ((error as NodeJS.ErrnoException).code === "EPIPE") reject(error);
      else reject(new Fault("request.bad", `cannot write: ${error.message}`, { cause: error }));
    });
  });
}
