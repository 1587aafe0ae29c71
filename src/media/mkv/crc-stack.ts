/**
 * CRC-32 of the masters that are open and have one (RFC 8794 §11.3.1), kept up to date while their bytes
 * pass, so that no Cluster is held for its check.
 */
import type { Crc32 } from "../../base/crc32.ts";
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";

interface Running {
  /** How many masters were open, this one included: the innermost has the highest. */
  readonly depth: number;
  readonly expected: number;
  crc: number;
}

export class CrcStack {
  readonly #crc32: Crc32;
  readonly #running: Running[] = [];

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  get active(): boolean {
    return this.#running.length > 0;
  }

  /** The master at this depth has a CRC-32 element, which was just passed. */
  start(depth: number, expected: number): void {
    this.#running.push({ depth, expected, crc: 0 });
  }

  update(part: Uint8Array): void {
    for (const running of this.#running) running.crc = this.#crc32(part, running.crc);
  }

  /** The master at this depth ended: the CRC-32 of its bytes and whether it matches, when it had one. */
  close(depth: number): { readonly crc: number; readonly ok: boolean } | undefined {
    if (this.#running.at(-1)?.depth !== depth) return undefined;
    const done = this.#running.pop();
    return done === undefined ? undefined : { crc: done.crc, ok: done.crc === done.expected };
  }
}

/** Value of a CRC-32 element: 4 bytes, little-endian. Throws `mkv.bad-value` for another length. */
export function crcOf(payload: Rope, at: number): number {
  if (payload.length !== 4)
    throw new Fault("mkv.bad-value", `a CRC-32 element of ${payload.length} bytes, not 4`, { at });
  const bytes = payload.toBytes();
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}
