/**
 * One run of ffmpeg: bytes to its standard input, bytes from its standard output. Ended by its own handle when it takes too
 * long, gives too much or nobody waits any more.
 */
import { spawn } from "node:child_process";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";

export interface FfmpegRun {
  readonly args: readonly string[];
  /** Written one after another. */
  readonly input: readonly Uint8Array[];
  readonly signal?: AbortSignal | undefined;
}

export interface FfmpegEnd {
  /** Not 0: it could not do all of it. */
  readonly code: number;
  readonly output: Uint8Array;
  /** The end of what it said. */
  readonly words: string;
}

export interface FfmpegLimits {
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

export type RunFfmpeg = (run: FfmpegRun) => Promise<FfmpegEnd>;

export interface FfmpegOptions {
  readonly clock: Clock;
  /** Default `ffmpeg`, found on PATH. */
  readonly program?: string | undefined;
  readonly limits?: FfmpegLimits;
}

const LIMITS: FfmpegLimits = { timeoutMs: 20_000, maxOutputBytes: 256 << 20 };
const MAX_WORDS = 2000;
const QUIET = ["-nostdin", "-hide_banner", "-loglevel", "error"];

/** Throws `ffmpeg.missing`; `ffmpeg.failed` when it was ended, by us or by anybody. */
export function ffmpegRunner({
  clock,
  program = "ffmpeg",
  limits = LIMITS,
}: FfmpegOptions): RunFfmpeg {
  return ({ args, input, signal }) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, [...QUIET, ...args], { stdio: ["pipe", "pipe", "pipe"] });
      let why: string | undefined;
      const end = (reason: string) => {
        why ??= reason;
        child.kill("SIGKILL");
      };
      const gone = () => end("nobody waits for it any more");
      if (signal?.aborted) gone();
      signal?.addEventListener("abort", gone, { once: true });
      const cancel = clock.after(limits.timeoutMs, () => end(`longer than ${limits.timeoutMs} ms`));
      const output: Buffer[] = [];
      let [bytes, words] = [0, ""];
      child.stdout.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > limits.maxOutputBytes) end("more output than is allowed");
        else output.push(piece);
      });
      child.stderr.on("data", (piece: Buffer) => {
        words = (words + piece.toString("utf8")).slice(-MAX_WORDS);
      });
      // It may end before it has read everything: its code tells.
      child.stdin.on("error", () => {});
      for (const part of input) child.stdin.write(part);
      child.stdin.end();
      let failed: NodeJS.ErrnoException | undefined;
      child.once("error", (error) => {
        failed = error;
      });
      child.once("close", (code, killedBy) => {
        cancel();
        signal?.removeEventListener("abort", gone);
        if (failed?.code === "ENOENT")
          reject(
            new Fault("ffmpeg.missing", `${program} is not installed, or not on the server's PATH`),
          );
        else if (failed !== undefined)
          reject(new Fault("ffmpeg.failed", `ffmpeg cannot be started: ${failed.message}`));
        else if (why !== undefined || code === null)
          reject(new Fault("ffmpeg.failed", `ffmpeg was ended: ${why ?? killedBy}`));
        else resolve({ code, output: Buffer.concat(output), words: words.trim() });
      });
    });
}
