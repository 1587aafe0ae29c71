/** Recordings from the disk. */
import { readFile } from "node:fs/promises";
import { Fault } from "../../../src/base/errors.ts";
import { type Recorded, readRecording } from "../file-source.ts";

/** Reads a Matroska file whole. Throws `request.bad` when it cannot be read, `mkv.*` when it is damaged. */
export async function openRecording(path: string): Promise<Recorded> {
  try {
    return readRecording(await readFile(path));
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("request.bad", `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
