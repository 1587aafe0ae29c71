/** AMF0 (Action Message Format, "AMF 0 specification"): the values RTMP commands are made of. Pure; bounded. */
import { Fault } from "../../base/errors.ts";
import { ByteReader } from "../../media/codec/byte-reader.ts";

export type AmfValue = number | boolean | string | null | undefined | AmfObject | AmfValue[];
export interface AmfObject {
  readonly [name: string]: AmfValue;
}

const Marker = {
  ...{ number: 0, boolean: 1, string: 2, object: 3, nothing: 5, undefined: 6 },
  ...{ ecmaArray: 8, end: 9, strictArray: 10, date: 11, longString: 12 },
} as const;

const MAX_DEPTH = 8;
/** Values in one message, those inside others included. */
const MAX_VALUES = 500;

/** All values of a message. Throws `rtmp.bad-command`. */
export function readAmf0(bytes: Uint8Array): AmfValue[] {
  const decoder = new Decoder(bytes);
  const values: AmfValue[] = [];
  while (decoder.left > 0) values.push(decoder.value(0));
  return values;
}

class Decoder {
  readonly #reader: ByteReader;
  readonly #utf8 = new TextDecoder();
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes, "AMF0", "rtmp.bad-command");
  }

  get left(): number {
    return this.#reader.left;
  }

  value(depth: number): AmfValue {
    if (depth > MAX_DEPTH) throw this.#reader.fault("too deep");
    if (++this.#values > MAX_VALUES) throw this.#reader.fault("too many values");
    const marker = this.#reader.u8();
    switch (marker) {
      case Marker.number:
        return this.#number();
      case Marker.boolean:
        return this.#reader.u8() !== 0;
      case Marker.string:
        return this.#text(this.#reader.u16());
      case Marker.longString:
        return this.#text(this.#reader.u32());
      case Marker.object:
        return this.#object(depth);
      case Marker.ecmaArray:
        this.#reader.skip(4);
        return this.#object(depth);
      case Marker.strictArray:
        return this.#array(depth);
      case Marker.date:
        return this.#date();
      case Marker.nothing:
        return null;
      case Marker.undefined:
        return undefined;
      default:
        throw this.#reader.fault(`marker ${marker}`);
    }
  }

  #number(): number {
    const bytes = this.#reader.bytes(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  }

  #date(): number {
    const value = this.#number();
    this.#reader.skip(2);
    return value;
  }

  #text(length: number): string {
    return this.#utf8.decode(this.#reader.bytes(length));
  }

  #array(depth: number): AmfValue[] {
    const count = this.#reader.u32();
    if (count > MAX_VALUES) throw this.#reader.fault("too many values");
    return Array.from({ length: count }, () => this.value(depth + 1));
  }

  /** A Map first: a name like `__proto__` must stay a name. */
  #object(depth: number): AmfObject {
    const entries = new Map<string, AmfValue>();
    for (;;) {
      const name = this.#text(this.#reader.u16());
      if (name === "" && this.#ended()) return Object.fromEntries(entries);
      entries.set(name, this.value(depth + 1));
    }
  }

  #ended(): boolean {
    if (this.#reader.u8() === Marker.end) return true;
    throw this.#reader.fault("a value without a name");
  }
}

/** The values one after another. */
export function amf0(values: readonly AmfValue[]): Uint8Array {
  return Buffer.concat(values.map(encode));
}

function encode(value: AmfValue): Buffer {
  if (value === null) return Buffer.of(Marker.nothing);
  switch (typeof value) {
    case "undefined":
      return Buffer.of(Marker.undefined);
    case "number": {
      const out = Buffer.alloc(9);
      out.writeDoubleBE(value, 1);
      return out;
    }
    case "boolean":
      return Buffer.of(Marker.boolean, value ? 1 : 0);
    case "string":
      return Buffer.concat([Buffer.of(Marker.string), name(value)]);
    default:
      return Array.isArray(value) ? strictArray(value) : object(value);
  }
}

function name(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 0xffff) throw new Fault("rtmp.bad-command", "a text too long for AMF0");
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
}

function strictArray(values: readonly AmfValue[]): Buffer {
  const head = Buffer.alloc(5);
  head[0] = Marker.strictArray;
  head.writeUInt32BE(values.length, 1);
  return Buffer.concat([head, ...values.map(encode)]);
}

function object(value: AmfObject): Buffer {
  const entries = Object.entries(value).flatMap(([key, one]) => [name(key), encode(one)]);
  return Buffer.concat([Buffer.of(Marker.object), ...entries, Buffer.of(0, 0, Marker.end)]);
}
