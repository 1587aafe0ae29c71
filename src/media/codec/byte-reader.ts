/** Reads big-endian fields from bytes somebody else wrote. Never past the end: that is a `Fault`. */
import { Fault, type FaultCode } from "../../base/errors.ts";

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  readonly #code: FaultCode;
  #at = 0;

  /** `what` names the structure in error messages. */
  constructor(bytes: Uint8Array, what: string, code: FaultCode = "codec.bad-config") {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#code = code;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** The next `count` bytes, not copied. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A fault of this structure, with the code the reader was made with. */
  fault(message: string): Fault {
    return new Fault(this.#code, `${this.#what}: ${message}`, { at: this.#at });
  }

  #take(count: number): number {
    if (count > this.left) throw this.fault("ends too early");
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
