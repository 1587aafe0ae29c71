/**
 * What `GET …/keyframes` answers, as values and as bytes (docs/formats/keyframes.md): records of a length, a kind and a body.
 * Pure, for the server and for browsers.
 */
import { Fault } from "../base/errors.ts";

/** How the key frames after it are decoded; comes before the first one and when it changes. */
export interface KeyFrameTrack {
  readonly kind: "track";
  /** Matroska CodecID. */
  readonly codec: string;
  /** RFC 6381, when there is one. */
  readonly codecString?: string;
  readonly codecPrivate?: Uint8Array;
  /** Coded size in pixels. */
  readonly width: number;
  readonly height: number;
}

/** One coded picture that needs no other one. */
export interface KeyFrame {
  readonly kind: "frame";
  /** µs since the Unix epoch, producer's clock. */
  readonly timeUs: number;
  /** As the Matroska mapping of its codec has it. */
  readonly payload: Uint8Array;
}

/** The last record. */
export interface KeyFramesEnd {
  readonly kind: "end";
  /** Where the next answer goes on, ms; missing: there are no more in the range. */
  readonly nextMs?: number;
}

export type KeyFrameItem = KeyFrameTrack | KeyFrame | KeyFramesEnd;

/** No record is longer; what says that it is, is no such answer. */
export const MAX_RECORD_BYTES = 64 << 20;

const KINDS = { track: 1, frame: 2, end: 3 } as const;
/** Length of what follows the length, and the kind. */
const HEAD = 5;
const TIME = 8;

/** The record in pieces; a frame's payload is not copied. */
export function keyFrameRecord(item: KeyFrameItem): Uint8Array[] {
  if (item.kind === "frame") {
    const head = new Uint8Array(HEAD + TIME);
    const view = new DataView(head.buffer);
    view.setUint32(0, 1 + TIME + item.payload.length);
    view.setUint8(4, KINDS.frame);
    view.setBigInt64(HEAD, BigInt(Math.round(item.timeUs)));
    return [head, item.payload];
  }
  const { kind, ...fields } = item;
  const secret = "codecPrivate" in fields ? fields.codecPrivate : undefined;
  const plain = secret === undefined ? fields : { ...fields, codecPrivate: base64(secret) };
  const body = new TextEncoder().encode(JSON.stringify(plain));
  const out = new Uint8Array(HEAD + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 1 + body.length);
  view.setUint8(4, KINDS[kind]);
  out.set(body, HEAD);
  return [out];
}

/** Bytes split anywhere in, records out. Kinds that are not known are passed over. */
export class KeyFrameReader {
  #bytes = new Uint8Array(0);

  /** Throws `request.bad` for what is no such answer. */
  push(bytes: Uint8Array): KeyFrameItem[] {
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    const view = new DataView(joined.buffer);
    const items: KeyFrameItem[] = [];
    let at = 0;
    while (joined.length - at >= HEAD) {
      const length = view.getUint32(at);
      if (length < 1 || length > MAX_RECORD_BYTES) throw bad(`a record of ${length} bytes`);
      if (joined.length - at - 4 < length) break;
      const item = itemOf(view.getUint8(at + 4), joined.subarray(at + HEAD, at + 4 + length));
      if (item !== undefined) items.push(item);
      at += 4 + length;
    }
    this.#bytes = joined.slice(at);
    return items;
  }
}

function itemOf(kind: number, body: Uint8Array): KeyFrameItem | undefined {
  if (kind === KINDS.frame) {
    if (body.length < TIME) throw bad("a frame without its time");
    const time = new DataView(body.buffer, body.byteOffset).getBigInt64(0);
    return { kind: "frame", timeUs: Number(time), payload: body.slice(TIME) };
  }
  if (kind !== KINDS.track && kind !== KINDS.end) return undefined;
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(new TextDecoder().decode(body)) as Readonly<Record<string, unknown>>;
  } catch {
    throw bad("a record that is no JSON");
  }
  return kind === KINDS.end ? endOf(fields) : trackOf(fields);
}

function endOf({ nextMs }: Readonly<Record<string, unknown>>): KeyFramesEnd {
  return typeof nextMs === "number" ? { kind: "end", nextMs } : { kind: "end" };
}

function trackOf(fields: Readonly<Record<string, unknown>>): KeyFrameTrack {
  const { codec, codecString, codecPrivate, width, height } = fields;
  if (typeof codec !== "string") throw bad("a track without a codec");
  return {
    ...{ kind: "track", codec },
    ...(typeof codecString === "string" ? { codecString } : {}),
    ...(typeof codecPrivate === "string" ? { codecPrivate: fromBase64(codecPrivate) } : {}),
    ...{ width: Number(width ?? 0), height: Number(height ?? 0) },
  };
}

function bad(what: string): Fault {
  return new Fault("request.bad", `not a list of key frames: ${what}`);
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw bad("a configuration that is no base64");
  }
}
