/** The live edges in use: one per stream, from the first request for it until nobody has asked for a while. */
import type { CancelTimer, Clock } from "../../base/clock.ts";
import type { LiveHub } from "../../live/hub.ts";
import type { TrackSet } from "../../media/track.ts";
import { LiveEdge } from "./live-edge.ts";

/** A player asks again within some seconds; what it left is kept for so long, ms. */
const LINGER_MS = 30_000;

export interface EdgesOptions {
  readonly hub: LiveHub;
  readonly clock: Clock;
  trackSetId(trackSet: TrackSet): string;
  /** Brings a stream that another node records into the hub, until the result is called. */
  watch(stream: string): () => void;
}

interface Held {
  readonly edge: LiveEdge;
  readonly unwatch: () => void;
  cancel: CancelTimer;
}

export class LiveEdges {
  readonly #options: EdgesOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: EdgesOptions) {
    this.#options = options;
  }

  /** Keeps it for a while. */
  of(stream: string): LiveEdge {
    const { hub, clock, watch } = this.#options;
    let held = this.#held.get(stream);
    if (held === undefined) {
      const unwatch = watch(stream);
      held = { edge: new LiveEdge({ ...this.#options, hub, stream }), unwatch, cancel: () => {} };
      this.#held.set(stream, held);
    }
    held.cancel();
    held.cancel = clock.after(LINGER_MS, () => this.#drop(stream));
    return held.edge;
  }

  close(): void {
    for (const stream of [...this.#held.keys()]) this.#drop(stream);
  }

  #drop(stream: string): void {
    const held = this.#held.get(stream);
    if (held === undefined) return;
    this.#held.delete(stream);
    held.cancel();
    held.edge.close();
    held.unwatch();
  }
}
