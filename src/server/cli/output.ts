/** Where a command's media goes: a file, or standard output for `-`. */
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { Fault } from "../../base/errors.ts";
import { type CliContext, write } from "./context.ts";

export interface Output {
  /** Resolves when the bytes are taken: wait for it before the next. Throws `request.bad`. */
  write(data: string | Uint8Array): Promise<void>;
  /** Everything was written. Throws `request.bad`. */
  finish(): Promise<void>;
  /** It did not work out: nothing half done stays behind under a finished name. Never throws. */
  discard(): Promise<void>;
}

export interface OutputOptions {
  /** Write beside the name and rename when finished: what was cut never looks whole. */
  readonly whole: boolean;
}

/** Throws `request.bad` when the file cannot be made. */
export async function openOutput(
  path: string,
  { stdout }: CliContext,
  { whole }: OutputOptions,
): Promise<Output> {
  if (path === "-") {
    const done = () => Promise.resolve();
    return { write: (data) => write(stdout, data), finish: done, discard: done };
  }
  // A device or a pipe is not replaced by a file of its name.
  const found = await stat(path).catch(() => undefined);
  const beside = whole && (found === undefined || found.isFile());
  const target = beside ? `${path}.part` : path;
  const file = await guard(path, () => open(target, "w"));
  return {
    write: (data) => guard(path, () => file.writeFile(data)),
    finish: () =>
      guard(path, async () => {
        await file.close();
        if (beside) await rename(target, path);
      }),
    discard: () => discard(file, beside ? target : undefined),
  };
}

async function discard(file: FileHandle, part: string | undefined): Promise<void> {
  await file.close().catch(() => {});
  if (part !== undefined) await rm(part, { force: true }).catch(() => {});
}

async function guard<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Fault("request.bad", `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
