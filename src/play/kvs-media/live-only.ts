/**
 * Fragments of a stream that keeps nothing: put together from the hub's frames, given when the next one begins. A reader
 * that is slower than the camera loses the oldest ones.
 */
import { Rope } from "../../base/rope.ts";
import { micros } from "../../base/units.ts";
import type { FragmentNumber } from "../../fragment/fragment-number.ts";
import type { LiveHub } from "../../live/hub.ts";
import type { FrameItem, LiveItem } from "../../live/items.ts";
import { simpleBlock } from "../../media/mkv/writer.ts";
import type { TrackSet } from "../../media/track.ts";
import type { MiniMkv } from "./mini-mkv.ts";

/** Payload that waits for a slow reader, bytes. */
const MAX_WAITING_BYTES = 64 << 20;
const MAX_RELATIVE = 0x7fff;

export type LiveFragment = Omit<MiniMkv, "behindMs"> & { readonly bytes: number };

export async function* liveFragments(
  hub: LiveHub,
  stream: string,
  signal: AbortSignal,
): AsyncGenerator<LiveFragment, undefined> {
  const gathered = new Gathering();
  const subscription = hub.subscribe(stream, (item) => gathered.take(item));
  const wake = () => gathered.wake();
  signal.addEventListener("abort", wake, { once: true });
  try {
    while (!signal.aborted) {
      const next = gathered.next();
      if (next === undefined) await gathered.more();
      else yield next;
    }
  } finally {
    signal.removeEventListener("abort", wake);
    subscription.close();
  }
}

class Gathering {
  #trackSet: TrackSet | undefined;
  #number: FragmentNumber | undefined;
  #frames: FrameItem[] = [];
  #ready: LiveFragment[] = [];
  #bytes = 0;
  #wake: () => void = () => {};

  take(item: LiveItem): void {
    if (item.kind === "frame") {
      // Frames from before this reader came have no fragment: nothing can be said of them.
      if (this.#number !== undefined) this.#frames.push(item);
      return;
    }
    this.#finish();
    if (item.kind === "timeline") this.#trackSet = item.trackSet;
    this.#number = item.kind === "fragment" && item.whole ? item.number : undefined;
  }

  next(): LiveFragment | undefined {
    const first = this.#ready.shift();
    this.#bytes -= first?.bytes ?? 0;
    return first;
  }

  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake();
  }

  #finish(): void {
    const [trackSet, number, frames] = [this.#trackSet, this.#number, this.#frames];
    this.#frames = [];
    if (trackSet === undefined || number === undefined || frames.length === 0) return;
    const fragment = fragmentOf(trackSet, number, frames);
    this.#ready.push(fragment);
    this.#bytes += fragment.bytes;
    while (this.#bytes > MAX_WAITING_BYTES && this.#ready.length > 1) this.next();
    this.#wake();
  }
}

function fragmentOf(
  trackSet: TrackSet,
  number: FragmentNumber,
  items: readonly FrameItem[],
): LiveFragment {
  const scaleUs = trackSet.timestampScaleNs / 1000;
  const startUs = micros(Math.min(...items.map(({ frame }) => frame.timeUs)));
  const startTicks = Math.floor(startUs / scaleUs);
  const blocks = items.map(({ frame }) => {
    const ticks = Math.round(frame.timeUs / scaleUs) - startTicks;
    const relativeTicks = Math.min(MAX_RELATIVE, Math.max(0, ticks));
    const { track, key, payload } = frame;
    return simpleBlock({ track, relativeTicks, key, payload });
  });
  const rope = Rope.concat(blocks);
  return {
    info: { number, producedStartUs: startUs },
    trackSet,
    clusterNs: BigInt(startTicks) * BigInt(trackSet.timestampScaleNs),
    blocks: rope.parts,
    tags: [],
    bytes: rope.length,
  };
}
