/** What goes into a producer and what it tells. Pure values. */
import type { Clock } from "../../src/base/clock.ts";
import type { Track } from "../../src/media/track.ts";
import type { Ack } from "./acks.ts";
import type { FragmentStore } from "./fragment-store.ts";
import type { Transport } from "./transport.ts";

/** What a server asks for before it takes media. */
export interface Token {
  readonly token: string;
  /** End of its life, ms since the Unix epoch: a fresh one is fetched before, and told on the open connection. */
  readonly expiresMs?: number;
}

/** Called for every connection, and again before a token expires. What it rejects with is the reason of a lost connection. */
export type TokenProvider = () => Promise<Token | string>;

/** What a producer is made of. */
export interface ProducerOptions {
  /** The server: `http://host:port` or `https://…`. */
  readonly url: string;
  readonly stream: string;
  /** Create the stream when it is missing. Default false. */
  readonly create?: boolean;
  readonly tracks: readonly Track[];
  readonly clock: Clock;
  /** Default: the global WebSocket. */
  readonly transport?: Transport;
  readonly token?: TokenProvider;
  /**
   * Fragments are kept until this ack. Default `persisted`; of streams without retention the server says with its
   * RECEIVED that nothing more will come.
   */
  readonly keepUntil?: "persisted" | "received";
  /** Keeps what is not durable beyond the end of this process. Default: memory alone. */
  readonly store?: FragmentStore;
  /** Bytes of fragments kept; default 64 MB, with a store 4 GB. Beyond, the oldest are dropped and told. */
  readonly maxBufferBytes?: number;
  /** Of these in memory; default 64 MB, with a store 16 MB. */
  readonly maxMemoryBytes?: number;
  /** Media kept, ms of its own time: beyond, the oldest fragments are dropped and told. Default: bytes alone decide. */
  readonly maxBufferMs?: number;
  /** For jitter; default `Math.random`. */
  readonly random?: () => number;
}

/** One coded picture or audio packet, as the codec's Matroska mapping has it. */
export interface PutFrame {
  readonly track: number;
  readonly data: Uint8Array;
  /** Presentation time, whole µs since the Unix epoch. Sent with a resolution of 1 ms. */
  readonly timestampUs: number;
  /** A decoder can start here. Always true for audio. */
  readonly key: boolean;
}

/** What happened to a producer. */
export type ProducerEvent =
  | { readonly kind: "connected" }
  /** The next try comes in `retryMs`. */
  | { readonly kind: "disconnected"; readonly reason: string; readonly retryMs: number }
  /** Whatever the server said, as it came. */
  | { readonly kind: "ack"; readonly ack: Ack }
  /** Durable at the server (or received, with `keepUntil: "received"`). */
  | {
      readonly kind: "persisted";
      readonly timecodeMs: number;
      readonly fragmentNumber: string | undefined;
    }
  /** The server refused a fragment, or the connection. */
  | {
      readonly kind: "refused";
      readonly timecodeMs: number | undefined;
      readonly errorId: number;
      readonly errorCode: string;
    }
  /** So many fragments of an earlier process are sent first. */
  | { readonly kind: "restored"; readonly fragments: number; readonly bytes: number }
  /** The store does not take fragments: until it does, they are in memory alone. */
  | { readonly kind: "not-kept"; readonly code: string; readonly message: string }
  /** The buffer was full, by bytes or by time, or the store has lost it: this media is lost. */
  | {
      readonly kind: "dropped";
      readonly fromUs: number;
      readonly toUs: number;
      readonly frames: number;
      readonly bytes: number;
    };

/**
 * What became of all that was put, in fragments, over the life of the producer. Everything is durable when `waiting`,
 * `refused` and `dropped` are 0.
 */
export interface Outcome {
  /** The server has them for good, those of an earlier process among them. */
  readonly durable: number;
  /** Put before the call and not durable yet… */
  readonly waiting: number;
  /** …those of them that are in the store, for the next producer that has it. */
  readonly kept: number;
  /** Lost: the server will not have them. */
  readonly refused: number;
  /** Lost: the buffer was full, or the store has lost them. */
  readonly dropped: number;
  /** Media that is waiting, and that was refused or dropped, µs. */
  readonly waitingUs: number;
  readonly lostUs: number;
}

/** A producer as it is now. */
export interface ProducerStats {
  readonly connected: boolean;
  /** Connections tried. */
  readonly connections: number;
  readonly frames: number;
  /** Fragments durable, given up, refused, and kept now. */
  readonly persisted: number;
  readonly dropped: number;
  readonly refused: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Media that is waiting, µs of its own time. */
  readonly waitingUs: number;
  /** Media that was dropped or refused, as far as its time was known, µs. */
  readonly lostUs: number;
}
