/**
 * RTMP chunk stream, receiving side (RTMP 1.0 specification §5.3): bytes in, whole messages out. Bytes may be split
 * anywhere. Pure. Applies Set Chunk Size and Abort itself, because they change how the next byte is read.
 *
 * A message costs memory only for bytes that have come: its claimed length is a promise of the peer.
 */

import { ChunkCursor } from "../../base/chunk-cursor.ts";
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import { ByteReader } from "../../media/codec/byte-reader.ts";

/** Message type ids (§5.4, §6.1, §7.1). */
export const RtmpType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

export interface RtmpMessage {
  readonly type: number;
  readonly streamId: number;
  /** Milliseconds, 32 bits: wraps. */
  readonly timestamp: number;
  readonly payload: Rope;
}

export interface ChunkLimits {
  /** Largest message, bytes. May be raised once the peer is known to publish. */
  maxMessageBytes: number;
  /** Chunk streams a peer may use at once. */
  readonly maxStreams: number;
  /** Bytes of unfinished messages of all chunk streams together. */
  readonly maxHeldBytes: number;
}

/** §5.3.1.2: bytes of the message header of each format. */
const HEADER_BYTES = [11, 7, 3, 0] as const;
const MAX_HEADER = 3 + 11 + 4;
/** The three-byte field says: the time is in four more bytes. */
const EXTENDED = 0xffffff;
const FIRST_CHUNK_SIZE = 128;
/** Larger chunk sizes make no difference: no message is longer (§5.4.1). */
const MAX_CHUNK_SIZE = 0xffffff;

interface ChunkStream {
  timestamp: number;
  delta: number;
  length: number;
  type: number;
  streamId: number;
  /** What the four bytes of an extended timestamp said; undefined when there were none. */
  extended: number | undefined;
  /** What has come of a message of several chunks: `have` bytes of it. */
  bytes: Uint8Array;
  have: number;
}

/** A message's array grows with what comes of it: at most twice as large. */
const FIRST_BYTES = 4096;
const NO_BYTES = new Uint8Array(0);

export class ChunkReader {
  readonly limits: ChunkLimits;
  readonly #input = new ChunkCursor();
  readonly #head = new Uint8Array(MAX_HEADER);
  readonly #view = new DataView(this.#head.buffer);
  readonly #streams = new Map<number, ChunkStream>();
  #chunkSize = FIRST_CHUNK_SIZE;
  #held = 0;

  constructor(limits: ChunkLimits) {
    this.limits = limits;
  }

  /** Bytes taken and not yet given as messages. */
  get heldBytes(): number {
    return this.#input.length + this.#held;
  }

  push(bytes: Uint8Array): void {
    this.#input.push(bytes);
  }

  /** Takes exactly so many bytes from before the chunks (the handshake); undefined until they are there. */
  takeRaw(count: number): Uint8Array | undefined {
    return this.#input.length < count ? undefined : this.#input.take(count).toBytes();
  }

  /** The next whole message, or undefined until more bytes come. Throws `rtmp.bad-chunk`, `rtmp.too-large`. */
  pull(): RtmpMessage | undefined {
    for (;;) {
      const chunk = this.#chunk();
      if (chunk === "more") return undefined;
      if (chunk !== undefined && !this.#control(chunk)) return chunk;
    }
  }

  /** One chunk: a message when it completes one. */
  #chunk(): RtmpMessage | "more" | undefined {
    const available = this.#input.peek(this.#head, MAX_HEADER);
    if (available === 0) return "more";
    const format = (this.#head[0] as number) >> 6;
    const basic = basicBytes(this.#head[0] as number);
    const fixed = basic + (HEADER_BYTES[format] as number);
    if (available < fixed) return "more";
    const id = this.#streamId(basic);
    const known = this.#streams.get(id);
    if (known === undefined && format !== 0)
      throw bad(`chunk stream ${id} begins without a header`);
    const stream = known ?? newStream();
    const header = this.#header(stream, { format, basic, fixed, available });
    if (header === "more") return "more";
    const first = stream.have === 0;
    const length = first && format < 2 ? header.length : stream.length;
    if (length > this.limits.maxMessageBytes)
      throw new Fault("rtmp.too-large", `a message of ${length} bytes`);
    const size = Math.min(this.#chunkSize, length - stream.have);
    if (this.#input.length < header.bytes + size) return "more";
    this.#remember(id, stream);
    this.#input.skip(header.bytes);
    if (first) applyHeader(stream, format, header);
    return this.#payload(id, stream, size);
  }

  #streamId(basic: number): number {
    const [a = 0, b = 0, c = 0] = this.#head;
    if (basic === 1) return a & 0x3f;
    return basic === 2 ? 64 + b : 64 + b + 256 * c;
  }

  #header(stream: ChunkStream, place: HeaderPlace): ChunkHeader | "more" {
    const { format, basic, fixed, available } = place;
    const time = format < 3 ? this.#uint24(basic) : 0;
    const length = format < 2 ? this.#uint24(basic + 3) : 0;
    const type = format < 2 ? (this.#head[basic + 6] as number) : 0;
    const streamId = format === 0 ? this.#view.getUint32(basic + 7, true) : 0;
    const expects = format < 3 ? time === EXTENDED : stream.extended !== undefined;
    if (!expects) return { bytes: fixed, time, extended: undefined, length, type, streamId };
    if (available < fixed + 4) return "more";
    const extended = this.#view.getUint32(fixed);
    // Some encoders leave it out where a message goes on, others repeat it as they should (§5.3.1.3).
    const there = format < 3 || extended === stream.extended;
    const bytes = there ? fixed + 4 : fixed;
    const value = format < 3 ? extended : stream.extended;
    return { bytes, time: value ?? 0, extended: value, length, type, streamId };
  }

  #uint24(at: number): number {
    return this.#view.getUint16(at) * 256 + this.#view.getUint8(at + 2);
  }

  #remember(id: number, stream: ChunkStream): void {
    if (!this.#streams.has(id) && this.#streams.size >= this.limits.maxStreams)
      throw bad(`more than ${this.limits.maxStreams} chunk streams`);
    this.#streams.set(id, stream);
  }

  #payload(id: number, stream: ChunkStream, size: number): RtmpMessage | undefined {
    const { length } = stream;
    if (stream.have === 0 && size === length) return messageOf(stream, this.#input.take(size));
    this.#room(stream, size);
    this.#input.take(size).copyTo(stream.bytes, stream.have);
    stream.have += size;
    this.#held += size;
    if (id < 64 && stream.extended === undefined) this.#goOn(id, stream);
    if (stream.have < length) {
      if (this.#held > this.limits.maxHeldBytes)
        throw new Fault("rtmp.too-large", "too many unfinished messages");
      return undefined;
    }
    this.#held -= length;
    const payload = Rope.of(stream.bytes.subarray(0, length));
    stream.bytes = NO_BYTES;
    stream.have = 0;
    return messageOf(stream, payload);
  }

  /**
   * Many encoders send chunks of 128 bytes, millions a gigabyte: those that go on with this message, with their
   * one byte of header and all in the piece at hand, are taken in one go (bench/rtmp.ts).
   */
  #goOn(id: number, stream: ChunkStream): void {
    const { current, position } = this.#input;
    let at = position;
    while (stream.have < stream.length) {
      const size = Math.min(this.#chunkSize, stream.length - stream.have);
      const end = at + 1 + size;
      if (end > current.length || current[at] !== (0xc0 | id)) break;
      this.#room(stream, size);
      stream.bytes.set(current.subarray(at + 1, end), stream.have);
      stream.have += size;
      this.#held += size;
      at = end;
    }
    this.#input.skip(at - position);
  }

  #room(stream: ChunkStream, size: number): void {
    const needed = stream.have + size;
    if (needed <= stream.bytes.length) return;
    const wanted = Math.max(needed, FIRST_BYTES, 2 * stream.bytes.length);
    const grown = Buffer.allocUnsafeSlow(Math.min(stream.length, wanted));
    grown.set(stream.bytes.subarray(0, stream.have));
    stream.bytes = grown;
  }

  /** True when the message was about the chunks themselves. */
  #control({ type, payload }: RtmpMessage): boolean {
    if (type !== RtmpType.setChunkSize && type !== RtmpType.abort) return false;
    const value = controlReader(payload).u32();
    if (type === RtmpType.abort) this.#abort(value);
    else if (value < 1 || value > 0x7fffffff) throw bad(`a chunk size of ${value}`);
    else this.#chunkSize = Math.min(value, MAX_CHUNK_SIZE);
    return true;
  }

  #abort(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#held -= stream.have;
    stream.bytes = NO_BYTES;
    stream.have = 0;
  }
}

function messageOf({ type, streamId, timestamp }: ChunkStream, payload: Rope): RtmpMessage {
  return { type, streamId, timestamp, payload };
}

interface HeaderPlace {
  readonly format: number;
  readonly basic: number;
  readonly fixed: number;
  readonly available: number;
}

interface ChunkHeader {
  /** All of it, in front of the payload. */
  readonly bytes: number;
  readonly time: number;
  readonly extended: number | undefined;
  readonly length: number;
  readonly type: number;
  readonly streamId: number;
}

function newStream(): ChunkStream {
  return {
    ...{ timestamp: 0, delta: 0, length: 0, type: 0, streamId: 0 },
    ...{ extended: undefined, bytes: NO_BYTES, have: 0 },
  };
}

/**
 * A new message begins. Format 3 repeats the last delta; after format 0 that is none: the specification's words
 * (§5.3.1.2.4: "the same as the timestamp") double the time, and librtmp sends it for a delta of 0.
 */
function applyHeader(stream: ChunkStream, format: number, header: ChunkHeader): void {
  if (format < 3) stream.extended = header.extended;
  if (format === 0) stream.streamId = header.streamId;
  if (format < 2) {
    stream.length = header.length;
    stream.type = header.type;
  }
  stream.delta = format === 0 ? 0 : format === 3 ? stream.delta : header.time;
  stream.timestamp = format === 0 ? header.time : (stream.timestamp + stream.delta) >>> 0;
}

/** §5.3.1.1: 1 byte for ids 3 to 63, 2 for 64 to 319, 3 for 64 to 65,599. */
function basicBytes(first: number): number {
  const id = first & 0x3f;
  return id === 0 ? 2 : id === 1 ? 3 : 1;
}

/** Over a protocol control or user control message. Reading past its end is `rtmp.bad-chunk`. */
export function controlReader(payload: Rope): ByteReader {
  return new ByteReader(payload.toBytes(), "RTMP control message", "rtmp.bad-chunk");
}

function bad(why: string): Fault {
  return new Fault("rtmp.bad-chunk", `not RTMP: ${why}`);
}
