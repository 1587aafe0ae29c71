/**
 * One producer a stream, whatever it comes over: two that are not the same would give alternating garbage
 * (docs/decisions/0014-one-producer-a-stream.md). Pure but for the clock it is given.
 */
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";

/** How a producer is connected. */
export type Protocol = "put-media" | "websocket" | "rtmp" | "source";

/** Who pushes, by the best that is known of it. */
export interface Producer {
  readonly protocol: Protocol;
  /** Equal for the connections of one producer. */
  readonly identity: string;
}

/** Its connection, once it was let in. */
export interface Publisher extends Producer {
  /** Since its last bytes, ms. */
  quietMs(): number;
  /** The same producer has connected again: ends this connection, which is told why. */
  replace(why: Fault): void;
}

/**
 * Two encoders with one identity would take the stream from each other for ever: for so long after a takeover, and
 * after every other try, there is none, ms.
 */
const HOLD_MS = 30_000;
/** A connection that has been quiet for so long, ms, may be dead without knowing: it can be taken over at any time. */
const QUIET_MS = 3000;

const WORDS: Readonly<Record<Protocol, string>> = {
  "put-media": "PutMedia",
  websocket: "WebSocket",
  rtmp: "RTMP",
  source: "the server's own source",
};

export class Publishers {
  readonly #clock: Clock;
  readonly #byStream = new Map<string, Publisher[]>();
  /** Streams that were taken over, and until when they are not again (`elapsed`). */
  readonly #held = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns how to leave. Throws `ingest.busy`. */
  enter(stream: string, publisher: Publisher): () => void {
    const before = this.#byStream.get(stream) ?? [];
    const other = before.find(({ identity }) => identity !== publisher.identity);
    if (other !== undefined)
      throw new Fault(
        "ingest.busy",
        `another producer is sending to ${stream}, over ${WORDS[other.protocol]}`,
      );
    const replaced = before.filter((one) => !mayOverlap(one, publisher));
    if (replaced.length > 0) this.#takeOver(stream, replaced);
    this.#byStream.set(stream, [...before.filter((one) => !replaced.includes(one)), publisher]);
    const why = new Fault("ingest.replaced", "the same producer has connected again");
    for (const one of replaced) one.replace(why);
    return () => this.#leave(stream, publisher);
  }

  /** The same producer has come to another node: its connections here end. False: another one is here, or none. */
  replace(stream: string, identity: string, reason: string): boolean {
    const here = this.#byStream.get(stream) ?? [];
    if (here.length === 0 || here.some((one) => one.identity !== identity)) return false;
    for (const one of here) one.replace(new Fault("ingest.replaced", reason));
    return true;
  }

  #takeOver(stream: string, replaced: readonly Publisher[]): void {
    const now = this.#clock.elapsed();
    for (const [name, until] of this.#held) if (until <= now) this.#held.delete(name);
    const isHeld = this.#held.has(stream);
    this.#held.set(stream, now + HOLD_MS);
    if (isHeld && replaced.some((one) => one.quietMs() < QUIET_MS))
      throw new Fault(
        "ingest.busy",
        `two producers with the same key or address take turns on ${stream}: the one that is sending stays`,
      );
  }

  #leave(stream: string, publisher: Publisher): void {
    const left = (this.#byStream.get(stream) ?? []).filter((one) => one !== publisher);
    if (left.length === 0) this.#byStream.delete(stream);
    else this.#byStream.set(stream, left);
  }
}

/**
 * Matroska brings its own times and is known when it is sent again: a producer's old connection and its new one may
 * overlap, as KVS's do when a token is renewed. RTMP has no clock but the server's.
 */
function mayOverlap(a: Producer, b: Producer): boolean {
  return a.protocol !== "rtmp" && b.protocol !== "rtmp";
}

/**
 * The key or token it showed; without one its address, where programs that speak RTMP and programs that speak Matroska are
 * not the same.
 */
export function identityOf(protocol: Protocol, who: string | undefined, address: string): string {
  if (who !== undefined) return who;
  const kind = protocol === "rtmp" ? "rtmp" : "matroska";
  return `${kind} from ${address.replace(/^::ffff:/i, "")}`;
}
