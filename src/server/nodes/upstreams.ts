/** The streams of other nodes that viewers of this one watch: one upstream each, however many the viewers are. */
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { Upstream, type UpstreamParts } from "./upstream.ts";

/** An upstream goes so long after the last of its viewers, ms: a page that is loaded again finds it. */
const LINGER_MS = 5000;

interface Watched {
  readonly upstream: Upstream;
  viewers: number;
  cancel: CancelTimer;
}

export interface UpstreamsParts extends Omit<UpstreamParts, "stream" | "owner"> {
  readonly clock: Clock;
  owner(stream: string): ReturnType<UpstreamParts["owner"]>;
}

export class Upstreams {
  readonly #parts: UpstreamsParts;
  readonly #watched = new Map<string, Watched>();
  #connections = 0;

  constructor(parts: UpstreamsParts) {
    this.#parts = parts;
  }

  /** Connections to other nodes made so far. */
  get connections(): number {
    let sum = this.#connections;
    for (const { upstream } of this.#watched.values()) sum += upstream.connections;
    return sum;
  }

  /** By stream: the node it comes from. */
  get sources(): ReadonlyMap<string, string> {
    const found = [...this.#watched].flatMap(([stream, { upstream }]) =>
      upstream.node === undefined ? [] : [[stream, upstream.node] as const],
    );
    return new Map(found);
  }

  /** A viewer has come. Call the result when it goes; twice is fine. */
  watch(stream: string): () => void {
    const watched = this.#watched.get(stream) ?? this.#begin(stream);
    watched.viewers++;
    watched.cancel();
    let here = true;
    return () => {
      if (!here) return;
      here = false;
      watched.viewers--;
      if (watched.viewers > 0) return;
      watched.cancel = this.#parts.clock.after(LINGER_MS, () => this.#end(stream, watched));
    };
  }

  /** The stream is not the other node's any more: what still comes of it is old. */
  leave(stream: string): void {
    this.#watched.get(stream)?.upstream.disconnect();
  }

  close(): void {
    for (const [stream, watched] of [...this.#watched]) this.#end(stream, watched);
  }

  #begin(stream: string): Watched {
    const { owner } = this.#parts;
    const upstream = new Upstream({ ...this.#parts, stream, owner: () => owner(stream) });
    const made: Watched = { upstream, viewers: 0, cancel: () => {} };
    this.#watched.set(stream, made);
    return made;
  }

  #end(stream: string, watched: Watched): void {
    watched.cancel();
    watched.upstream.close();
    if (this.#watched.get(stream) !== watched) return;
    this.#connections += watched.upstream.connections;
    this.#watched.delete(stream);
  }
}
