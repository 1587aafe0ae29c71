/** What goes into a producer and what it tells. Pure values. */
import type { Clock } from "../../src/base/clock.ts";
import type { Track } from "../../src/media/track.ts";
import type { Transport } from "./transport.ts";

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
  /** Fragments are kept until this ack. Streams without retention send no PERSISTED. Default `persisted`. */
  readonly keepUntil?: "persisted" | "received";
  /** Bytes of fragments kept in memory; default 64 MB. Beyond, the oldest are dropped and told. */
  readonly maxBufferBytes?: number;
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

export type ProducerEvent =
  | { readonly kind: "connected" }
  /** The next try comes in `retryMs`. */
  | { readonly kind: "disconnected"; readonly reason: string; readonly retryMs: number }
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
  /** The buffer was full: this media is lost. */
  | {
      readonly kind: "dropped";
      readonly fromUs: number;
      readonly toUs: number;
      readonly frames: number;
      readonly bytes: number;
    };

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
  /** From the first frame kept to the last one, µs. */
  readonly waitingUs: number;
}
