/**
 * RTMP chunk stream, receiving side (RTMP 1.0 specification §5.3): bytes in, whole messages out. Bytes may be split
 * anywhere. Pure. Applies Set Chunk Size and Abort itself, because they change how the next byte is read.
 *
 * A message costs memory only for bytes that have come: its claimed length is a promise of the peer.
 */

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
/** The three-byte field says: the time is in four more bytes. */
const EXTENDED = 0xffffff;
const FIRST_CHUNK_SIZE = 128;
/** Larger chunk sizes make no difference: no message is longer (§5.4.1). */
const MAX_CHUNK_SIZE = 0xffffff;

/**
 * What comes is gathered in arrays of this size, bytes; the first of a connection are smaller. Large enough for a dozen
 * frames, so that little of it has to move to the next one (docs/decisions/0017-rtmp-receive-path.md).
 */
const GATHER_BYTES = 256 << 10;
const FIRST_GATHER_BYTES = 4096;
/** An array with less room than this is not offered to be read into, bytes: a read should bring more than a few packets. */
const MIN_ROOM_BYTES = 16 << 10;
/**
 * A message keeps the array it lies in. Above this size the array was made for a message of megabytes, bytes; what is
 * this much smaller is copied out of it, so that a few bytes never keep megabytes.
 */
const LARGE_BYTES = 256 << 10;
const SMALL_PART = 16;

interface ChunkStream {
  timestamp: number;
  delta: number;
  length: number;
  type: number;
  streamId: number;
  /** What the four bytes of an extended timestamp said; undefined when there were none. */
  extended: number | undefined;
  /** How many bytes of an unfinished message have come. */
  have: number;
  /** Those bytes, once another chunk stream came in between; until then they are in the reader's array. */
  apart: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

export class ChunkReader {
  readonly limits: ChunkLimits;
  /** What has come: read up to `#at`, not read from there to `#end`. */
  #bytes = uninitialised(FIRST_GATHER_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #end = 0;
  /**
   * The chunk stream whose unfinished message lies in `#bytes` in one piece, and where it begins. Between its end
   * and `#at` there is nothing anyone needs: its next chunk is moved there.
   */
  #gathering: ChunkStream | undefined;
  #from = 0;
  readonly #streams = new Map<number, ChunkStream>();
  #chunkSize = FIRST_CHUNK_SIZE;
  #held = 0;

  constructor(limits: ChunkLimits) {
    this.limits = limits;
  }

  /** Bytes taken and not yet given as messages. */
  get heldBytes(): number {
    return this.#end - this.#at + this.#held;
  }

  /** Copies the bytes. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#renew(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * Where the next bytes may be put by somebody else, who then tells `filled` how many they were. Never empty. Of no
   * use any more once something else of this reader was called.
   */
  room(): Uint8Array {
    const { length } = this.#bytes;
    if (length - this.#end < Math.min(MIN_ROOM_BYTES, length / 2)) this.#renew(1);
    return this.#bytes.subarray(this.#end);
  }

  /** So many bytes have been put at the beginning of the last `room`. */
  filled(count: number): void {
    this.#end += count;
  }

  /** Another array: messages given out keep the old one. What is unfinished and unread moves to the new one. */
  #renew(more: number): void {
    const [before, unread] = [this.#bytes, this.#end - this.#at];
    const have = this.#gathering?.have ?? 0;
    const usual = Math.min(GATHER_BYTES, 2 * before.length);
    this.#bytes = uninitialised(Math.max(usual, 2 * (have + unread + more)));
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(before.subarray(this.#from, this.#from + have));
    this.#bytes.set(before.subarray(this.#at, this.#end), have);
    this.#from = 0;
    this.#at = have;
    this.#end = have + unread;
  }

  /** Takes exactly so many bytes from before the chunks (the handshake); undefined until they are there. */
  takeRaw(count: number): Uint8Array | undefined {
    return this.#end - this.#at < count ? undefined : this.#take(count);
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
    const available = this.#end - this.#at;
    if (available === 0) return "more";
    const first = this.#bytes[this.#at] as number;
    const format = first >> 6;
    const basic = basicBytes(first);
    const fixed = basic + (HEADER_BYTES[format] as number);
    if (available < fixed) return "more";
    const id = this.#streamId(basic);
    const known = this.#streams.get(id);
    if (known === undefined && format !== 0)
      throw bad(`chunk stream ${id} begins without a header`);
    const stream = known ?? newStream();
    const header = this.#header(stream, { format, basic, fixed, available });
    if (header === "more") return "more";
    const begins = stream.have === 0;
    const length = begins && format < 2 ? header.length : stream.length;
    if (length > this.limits.maxMessageBytes)
      throw new Fault("rtmp.too-large", `a message of ${length} bytes`);
    const size = Math.min(this.#chunkSize, length - stream.have);
    if (available < header.bytes + size) return "more";
    this.#remember(id, stream);
    this.#at += header.bytes;
    if (begins) applyHeader(stream, format, header);
    return this.#payload(id, stream, size);
  }

  #streamId(basic: number): number {
    const [at, view] = [this.#at, this.#view];
    if (basic === 1) return view.getUint8(at) & 0x3f;
    return 64 + (basic === 2 ? view.getUint8(at + 1) : view.getUint16(at + 1, true));
  }

  #header(stream: ChunkStream, place: HeaderPlace): ChunkHeader | "more" {
    const { format, basic, fixed, available } = place;
    const [at, view] = [this.#at, this.#view];
    const time = format < 3 ? this.#uint24(at + basic) : 0;
    const length = format < 2 ? this.#uint24(at + basic + 3) : 0;
    const type = format < 2 ? view.getUint8(at + basic + 6) : 0;
    const streamId = format === 0 ? view.getUint32(at + basic + 7, true) : 0;
    const expects = format < 3 ? time === EXTENDED : stream.extended !== undefined;
    if (!expects) return { bytes: fixed, time, extended: undefined, length, type, streamId };
    if (available < fixed + 4) return "more";
    const extended = view.getUint32(at + fixed);
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

  #take(count: number): Uint8Array {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #own(bytes: Uint8Array): Uint8Array {
    const { length } = this.#bytes;
    return length > LARGE_BYTES && bytes.length < length / SMALL_PART ? bytes.slice() : bytes;
  }

  /** The next `size` bytes belong to the stream's message. */
  #payload(id: number, stream: ChunkStream, size: number): RtmpMessage | undefined {
    if (this.#gathering !== stream) this.#setApart();
    if (stream.have === 0 && size === stream.length)
      return messageOf(stream, this.#own(this.#take(size)));
    if (stream.have === 0) this.#gather(stream, size);
    else if (this.#gathering === stream) this.#goOn(id, stream, size);
    else this.#goOnApart(stream, this.#take(size));
    if (stream.have < stream.length) {
      if (this.#held > this.limits.maxHeldBytes)
        throw new Fault("rtmp.too-large", "too many unfinished messages");
      return undefined;
    }
    return this.#finish(stream);
  }

  #gather(stream: ChunkStream, size: number): void {
    this.#gathering = stream;
    this.#from = this.#at;
    this.#at += size;
    this.#count(stream, size);
  }

  /**
   * Some encoders send chunks of 128 bytes, millions a gigabyte: after this one, those that go on with the message
   * and have one byte of header are taken in one go (docs/decisions/0008-own-rtmp-chunk-layer.md).
   */
  #goOn(id: number, stream: ChunkStream, size: number): void {
    const [bytes, start] = [this.#bytes, this.#from + stream.have];
    const end = this.#from + stream.length;
    const next = id < 64 && stream.extended === undefined ? 0xc0 | id : -1;
    let [at, to, length] = [this.#at, start, size];
    for (;;) {
      bytes.copyWithin(to, at, at + length);
      at += length;
      to += length;
      length = Math.min(this.#chunkSize, end - to);
      if (length === 0 || at + 1 + length > this.#end || bytes[at] !== next) break;
      at++;
    }
    this.#at = at;
    this.#count(stream, to - start);
  }

  #goOnApart(stream: ChunkStream, part: Uint8Array): void {
    const needed = stream.have + part.length;
    if (needed > stream.apart.length) {
      const grown = uninitialised(Math.min(stream.length, 2 * needed));
      grown.set(stream.apart.subarray(0, stream.have));
      stream.apart = grown;
    }
    stream.apart.set(part, stream.have);
    this.#count(stream, part.length);
  }

  #count(stream: ChunkStream, size: number): void {
    stream.have += size;
    this.#held += size;
  }

  /** Another chunk stream comes in between: the unfinished message is kept on its own from here on. */
  #setApart(): void {
    const stream = this.#gathering;
    if (stream !== undefined)
      stream.apart = this.#bytes.slice(this.#from, this.#from + stream.have);
    this.#gathering = undefined;
  }

  #finish(stream: ChunkStream): RtmpMessage {
    const { apart, length } = stream;
    const gathered = this.#gathering === stream;
    const message = gathered
      ? this.#own(this.#bytes.subarray(this.#from, this.#from + length))
      : apart;
    this.#forget(stream);
    return messageOf(stream, message);
  }

  #forget(stream: ChunkStream): void {
    if (this.#gathering === stream) this.#gathering = undefined;
    this.#held -= stream.have;
    stream.apart = NO_BYTES;
    stream.have = 0;
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
    if (stream !== undefined) this.#forget(stream);
  }
}

function uninitialised(bytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}

function messageOf({ type, streamId, timestamp }: ChunkStream, payload: Uint8Array): RtmpMessage {
  return { type, streamId, timestamp, payload: Rope.of(payload) };
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
    ...{ extended: undefined, have: 0, apart: NO_BYTES },
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
