/** Reads bit fields and Exp-Golomb codes (ISO/IEC 14496-10 §9.1). Never past the end: that is a `Fault`. */
import { Fault, type FaultCode } from "../../base/errors.ts";

export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #code: FaultCode;
  /** In bits. */
  #at = 0;

  /** `what` names the structure in error messages. */
  constructor(bytes: Uint8Array, what: string, code: FaultCode = "codec.bad-config") {
    this.#bytes = bytes;
    this.#what = what;
    this.#code = code;
  }

  /** Bits not read yet. */
  get left(): number {
    return this.#bytes.length * 8 - this.#at;
  }

  /** An unsigned number of `count` bits, 0 to 32. */
  bits(count: number): number {
    if (count > this.left) throw this.fault("ends too early");
    let value = 0;
    for (let needed = count; needed > 0; ) {
      const free = 8 - (this.#at & 7);
      const taken = Math.min(free, needed);
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value = value * 2 ** taken + ((byte >> (free - taken)) & ((1 << taken) - 1));
      this.#at += taken;
      needed -= taken;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  skip(count: number): void {
    if (count > this.left) throw this.fault("ends too early");
    this.#at += count;
  }

  /** ue(v), at most 2³² − 2. */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) if (++zeros > 31) throw this.fault("an Exp-Golomb code over 32 bits");
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** ue(v) that the standard bounds. */
  ueUpTo(max: number, field: string): number {
    const value = this.ue();
    if (value > max) throw this.fault(`${field} is ${value}, over ${max}`);
    return value;
  }

  /** se(v). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  fault(message: string): Fault {
    return new Fault(this.#code, `${this.#what}: ${message}`, { at: this.#at >> 3 });
  }
}
