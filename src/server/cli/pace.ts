/** Slows Matroska down to real time: bytes go out when the media before them is due. */
import { sleep } from "../../base/clock.ts";
import { MkvReader } from "../../media/mkv/reader.ts";
import type { CliContext } from "./context.ts";

/** Bytes released at once: small enough that a slow stream does not move in jumps. */
const STEP_BYTES = 4096;

/**
 * The same bytes, each step held back until the newest block time in it has passed. From a place on that is not
 * Matroska nothing is held back: the server says what is wrong with it. Ends when aborted.
 */
export async function* paced(
  input: AsyncIterable<Uint8Array>,
  { clock, signal }: Pick<CliContext, "clock" | "signal">,
): AsyncIterable<Uint8Array> {
  const media = new MediaClock();
  const started = clock.elapsed();
  for await (const chunk of input) {
    for (let at = 0; at < chunk.length; at += STEP_BYTES) {
      const step = chunk.subarray(at, at + STEP_BYTES);
      const wait = started + media.after(step) - clock.elapsed();
      if (wait > 0) await sleep(clock, wait, signal);
      if (signal.aborted) return;
      yield step;
    }
  }
}

/** How much media has passed, by the block times in the bytes. */
class MediaClock {
  #reader: MkvReader | undefined = new MkvReader();
  #scaleNs = 1_000_000;
  #firstMs: number | undefined;

  /** Media time of the newest block that ends in these bytes, ms after the first one; 0 when none does. */
  after(step: Uint8Array): number {
    const reader = this.#reader;
    if (reader === undefined) return 0;
    try {
      reader.push(step);
      return this.#newest(reader);
    } catch {
      this.#reader = undefined;
      return 0;
    }
  }

  #newest(reader: MkvReader): number {
    let ms: number | undefined;
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
      if (item.kind === "tracks") this.#scaleNs = item.trackSet.timestampScaleNs;
      if (item.kind !== "block") continue;
      ms = ((item.clusterTicks + item.block.relativeTicks) * this.#scaleNs) / 1e6;
      this.#firstMs ??= ms;
    }
    return ms === undefined ? 0 : ms - (this.#firstMs ?? 0);
  }
}
