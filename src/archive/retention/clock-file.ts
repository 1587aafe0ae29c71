/** The clock guard's memory: a small file in the data folder, replaced as a whole. */
import { type Files, nodeFiles } from "../files.ts";
import { readWhole, replaceFile } from "../small-file.ts";
import type { ClockState, ClockStateStore } from "./clock-guard.ts";
import type { Misdated } from "./policy.ts";

const FORMAT = 1;

export class ClockFile implements ClockStateStore {
  readonly #path: string;
  readonly #files: Files;

  constructor(path: string, files: Files = nodeFiles) {
    this.#path = path;
    this.#files = files;
  }

  /** Undefined when it is not there or not readable as ours: then the newest footage is gone by alone. */
  async read(): Promise<ClockState | undefined> {
    try {
      return parse(JSON.parse(await readWhole(this.#files, this.#path)));
    } catch {
      return undefined;
    }
  }

  /** Throws `store.*`. */
  async write(state: ClockState): Promise<void> {
    const { seenMs, acceptedMs, misdated } = state;
    // JSON has no infinity.
    const json = { format: FORMAT, seenMs, acceptedMs: Math.max(acceptedMs, 0), misdated };
    await replaceFile(this.#files, this.#path, `${JSON.stringify(json)}\n`);
  }
}

function parse(value: unknown): ClockState | undefined {
  const { format, seenMs, acceptedMs, misdated } = value as Partial<ClockState> & {
    format?: number;
  };
  if (format !== FORMAT || !whole(seenMs) || !whole(acceptedMs) || !Array.isArray(misdated))
    return undefined;
  const stretches = (misdated as Misdated[]).filter(
    (one) => whole(one.fromMs) && whole(one.toMs) && whole(one.rightMs),
  );
  return { seenMs, acceptedMs, misdated: stretches };
}

function whole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
