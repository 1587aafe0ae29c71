/** Where GetMedia begins: its selectors as the sequence of the fragment before the first (KVS page GetMedia, StartSelector). */

import type { Millis } from "../../base/units.ts";
import type { ClockName, FragmentInfo, FragmentReader } from "../../fragment/fragment.ts";
import { resolve } from "../resolver.ts";
import { MAX_TIME_MS } from "../time.ts";

export type MediaStart =
  /** The newest fragment there is, then live. */
  | { readonly at: "now" }
  | { readonly at: "earliest" }
  /** Behind this fragment. */
  | { readonly at: "after"; readonly sequence: number }
  /** The fragment that has this time; in a gap the next one. */
  | { readonly at: "time"; readonly clock: ClockName; readonly ms: Millis };

/** Throws `stream.not-found`. */
export async function sequenceBefore(
  start: MediaStart,
  walk: { readonly reader: FragmentReader; readonly stream: string; readonly signal: AbortSignal },
): Promise<number> {
  if (start.at === "earliest") return 0;
  if (start.at === "after") return start.sequence;
  const selector =
    start.at === "now"
      ? ({ by: "now" } as const)
      : ({
          by: "time",
          clock: start.clock,
          range: { fromMs: start.ms, toMs: MAX_TIME_MS },
        } as const);
  let found: number | undefined;
  for await (const { info } of resolve(walk, selector)) {
    // Lists tell starts in whole ms: who asks with one means the fragment that begins in it, not the one that ends in it.
    if (found !== undefined && !(start.at === "time" && beginsAt(info, start.clock) <= start.ms))
      break;
    found = info.number.sequence - 1;
  }
  if (found !== undefined) return found;
  // Nothing there yet: what comes next.
  for await (const { info } of resolve(walk, { by: "now" })) return info.number.sequence;
  return 0;
}

/** In whole ms, as lists tell it. */
function beginsAt({ number, producedStartUs }: FragmentInfo, clock: ClockName): number {
  return clock === "server" ? number.receivedMs : Math.floor(producedStartUs / 1000);
}
