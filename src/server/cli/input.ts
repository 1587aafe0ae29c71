/** Where a command's Matroska comes from: a file, or standard input for `-`. */
import { createReadStream } from "node:fs";
import { Fault } from "../../base/errors.ts";
import type { CliContext } from "./context.ts";

const CHUNK_BYTES = 1 << 18;

/**
 * The bytes of a file, or of standard input for `-`. Throws `request.bad` when it cannot be read, and the
 * signal's reason when it is aborted, also while it waits for input that does not come.
 */
export async function* openInput(
  path: string,
  { stdin, signal }: Pick<CliContext, "stdin" | "signal">,
): AsyncIterable<Uint8Array> {
  signal.throwIfAborted();
  const input = path === "-" ? stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const stop = () => input.destroy(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of input) yield chunk as Uint8Array;
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new Fault("request.bad", `cannot read ${path}: ${(cause as Error).message}`, { cause });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
