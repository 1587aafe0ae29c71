/** The binary message of the tail's `frames` format as values: docs/formats/tail.md. */
import { Fault } from "../base/errors.ts";

/** One coded frame. */
export interface LiveFrame {
  readonly kind: "frame";
  readonly track: number;
  /** µs since the Unix epoch, producer's clock. */
  readonly timeUs: number;
  /** ms since the Unix epoch, server's clock. */
  readonly receivedMs: number;
  readonly durationUs: number | undefined;
  readonly key: boolean;
  /** All tracks can be decoded from here on. */
  readonly join: boolean;
  readonly run: number;
  /** Of its fragment; 0: none. */
  readonly sequence: number;
  /** As the Matroska mapping of its codec has it. */
  readonly payload: Uint8Array;
}

const VERSION = 1;
const HEADER = 40;

/** Throws `request.bad` for what is no such message. */
export function readFrameMessage(message: ArrayBuffer): LiveFrame {
  const view = new DataView(message);
  if (view.byteLength < HEADER || view.getUint8(0) !== VERSION)
    throw new Fault("request.bad", "not a frame message of version 1");
  const header = view.getUint16(2);
  if (header < HEADER || header > view.byteLength)
    throw new Fault("request.bad", "a frame message with a wrong header");
  const flags = view.getUint8(1);
  return {
    kind: "frame",
    track: view.getUint32(4),
    timeUs: Number(view.getBigInt64(8)),
    receivedMs: Number(view.getBigUint64(16)),
    durationUs: (flags & 4) === 0 ? undefined : view.getUint32(24),
    key: (flags & 1) !== 0,
    join: (flags & 2) !== 0,
    run: view.getUint32(28),
    sequence: Number(view.getBigUint64(32)),
    payload: new Uint8Array(message, header),
  };
}
