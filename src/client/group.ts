/**
 * A consumer of a group: takes the streams that nobody else of the group reads, goes on where the group had come to, and says
 * after each fragment that it is done. When this program dies another one goes on with what was not done:
 * a fragment may then come a second time, none is left out.
 */
import { sleep } from "../base/clock.ts";
import { ApiError, type Connection } from "./connection.ts";
import { type ConsumedFragment, consume, type StartPlace } from "./consume.ts";
import type { GroupPlace, Stream } from "./types.ts";

/** Which group, as whom, which streams. */
export interface GroupOptions {
  readonly group: string;
  /** Unique among the consumers of the group. */
  readonly consumer: string;
  /** Which streams; default all. Streams that are made later are found too. */
  readonly streams?: (name: string) => boolean;
  /** Where a stream begins that the group has not read yet. Default `now`. */
  readonly from?: StartPlace;
  /** A stream goes to another consumer so long after this one was last heard of, ms. Default 10,000; at least 1000. */
  readonly ttlMs?: number;
  /** Streams that this consumer reads at once, at most. Default 16. */
  readonly maxStreams?: number;
  readonly signal?: AbortSignal;
  /** Told what went wrong with a stream; it is tried again. */
  readonly failed?: (stream: string, error: unknown) => void;
}

const TTL_MS = 10_000;
const MAX_STREAMS = 16;

/**
 * Calls `each` with every fragment, one after the other per stream; when it resolves the fragment is done. Resolves when the
 * signal aborts and all streams are let go. When `each` rejects, the stream is let go and tried again.
 */
export function joinGroup(connection: Connection, options: GroupOptions): { run: Run } {
  return { run: (each) => new Member(connection, options).run(each) };
}

/** What is done with a fragment; it is done when this resolves. */
export type Each = (stream: string, fragment: ConsumedFragment) => Promise<void> | void;
/** Reads until the signal aborts. */
export type Run = (each: Each) => Promise<void>;

class Member {
  readonly #connection: Connection;
  readonly #options: GroupOptions;
  readonly #ttlMs: number;
  readonly #reading = new Map<string, Promise<void>>();

  constructor(connection: Connection, options: GroupOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#ttlMs = Math.max(1000, options.ttlMs ?? TTL_MS);
  }

  async run(each: Each): Promise<void> {
    const { signal, failed = () => {} } = this.#options;
    while (signal?.aborted !== true) {
      try {
        await this.#lookForMore(each);
      } catch (error) {
        if (!signal?.aborted) failed("", error);
      }
      await sleep(this.#connection.clock, this.#ttlMs / 3, signal);
    }
    await Promise.all(this.#reading.values());
  }

  /** Claims streams that are free. */
  async #lookForMore(each: Each): Promise<void> {
    const { streams: wanted = () => true, maxStreams = MAX_STREAMS, signal } = this.#options;
    const answer = await this.#connection.json<{ streams: Stream[] }>("/v1/streams", { signal });
    for (const { name } of answer.streams) {
      if (this.#reading.size >= maxStreams) return;
      if (this.#reading.has(name) || !wanted(name)) continue;
      const place = await this.#claim(name);
      if (place.consumer !== this.#options.consumer) continue;
      const reading = this.#read(name, place, each).finally(() => this.#reading.delete(name));
      this.#reading.set(name, reading);
    }
  }

  /** Until the claim is lost, something fails, or the end. */
  async #read(stream: string, place: GroupPlace, each: Each): Promise<void> {
    const { from = "now", signal, failed = () => {}, consumer } = this.#options;
    const stop = new AbortController();
    const end = () => stop.abort();
    signal?.addEventListener("abort", end, { once: true });
    const renewing = this.#renew(stream, stop);
    try {
      const start: StartPlace = place.token === undefined ? from : { after: place.token };
      const options = { from: start, signal: stop.signal };
      for await (const fragment of consume(this.#connection, stream, options)) {
        await each(stream, fragment);
        const body = { consumer, token: fragment.token };
        await this.#post(stream, "checkpoint", body, "PUT");
      }
    } catch (error) {
      const lost = error instanceof ApiError && error.code === "group.lost";
      if (!stop.signal.aborted && !lost) failed(stream, error);
    } finally {
      end();
      signal?.removeEventListener("abort", end);
      await renewing;
      await this.#post(stream, "release", { consumer }, "POST").catch(() => {});
    }
  }

  /** A claim that cannot be renewed in time is another's. */
  async #renew(stream: string, stop: AbortController): Promise<void> {
    const { clock } = this.#connection;
    let good = clock.elapsed();
    while (!stop.signal.aborted) {
      await sleep(clock, this.#ttlMs / 3, stop.signal);
      if (stop.signal.aborted) return;
      try {
        const place = await this.#claim(stream);
        if (place.consumer !== this.#options.consumer) stop.abort();
        else good = clock.elapsed();
      } catch {
        if (clock.elapsed() - good > this.#ttlMs) stop.abort();
      }
    }
  }

  #claim(stream: string): Promise<GroupPlace> {
    const { consumer } = this.#options;
    return this.#post(stream, "claim", { consumer, ttlMs: this.#ttlMs }, "POST");
  }

  #post(stream: string, what: string, body: object, method: "POST" | "PUT"): Promise<GroupPlace> {
    const group = encodeURIComponent(this.#options.group);
    const path = `/v1/groups/${group}/streams/${encodeURIComponent(stream)}/${what}`;
    return this.#connection.json(path, { method, body });
  }
}
