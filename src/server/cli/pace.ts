/** Slows Matroska down to real time: bytes go out when the media before them is due. */
import { sleep } from "../../base/clock.ts";
import { MkvReader } from "../../media/mkv/reader.ts";
import type { CliContext } from "./context.ts";

/** Bytes released at once: small enough that a slow stream does not move in jumps. */
const STEP_BYTES = 4096;

/** The same bytes, each step held back until the newest block time in it has passed. */
export async function* paced(
  input: AsyncIterable<Uint8Array>,
  { clock, signal }: CliContext,
): AsyncIterable<Uint8Array> {
  const reader = new MkvReader();
  const started = clock.elapsed();
  let scaleNs = 1_000_000;
  let firstMs: number | undefined;
  for await (const chunk of input) {
    for (let at = 0; at < chunk.length; at += STEP_BYTES) {
      const step = chunk.subarray(at, at + STEP_BYTES);
      reader.push(step);
      let mediaMs: number | undefined;
      for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
        if (item.kind === "tracks") scaleNs = item.trackSet.timestampScaleNs;
        if (item.kind !== "block") continue;
        mediaMs = ((item.clusterTicks + item.block.relativeTicks) * scaleNs) / 1e6;
        firstMs ??= mediaMs;
      }
      const due = mediaMs === undefined ? 0 : mediaMs - (firstMs ?? 0);
      const wait = started + due - clock.elapsed();
      if (wait > 0) await sleep(clock, wait, signal);
      if (signal.aborted) return;
      yield step;
    }
  }
}
