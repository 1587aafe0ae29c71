/** A child process as the sources need it, so that tests can play one. */
import { spawn as spawnNode } from "node:child_process";

/** A running process, held by its handle. */
export interface Child {
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** Resolves when the process is gone or could not be started; never rejects. */
  readonly exited: Promise<ChildEnd>;
  /** Does nothing when it is gone. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** How a process ended. */
export interface ChildEnd {
  readonly code: number | null;
  /** Set when there is no such program. */
  readonly missing: boolean;
  /** Why it could not be started. */
  readonly error?: string;
}

/** Starts a program. Never throws: what fails is told by `exited`. */
export type Spawn = (program: string, args: readonly string[]) => Child;

/** A real process: no shell, nothing on its standard input. */
export const spawnChild: Spawn = (program, args) => {
  const child = spawnNode(program, [...args], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<ChildEnd>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve({ code: null, missing: error.code === "ENOENT", error: error.message }),
    );
    child.once("exit", (code) => resolve({ code, missing: false }));
  });
  return {
    ...{ stdout: child.stdout, stderr: child.stderr, exited },
    kill: (signal) => {
      child.kill(signal);
    },
  };
};
