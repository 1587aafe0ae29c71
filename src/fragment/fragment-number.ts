/**
 * Fragment numbers. On every interface they are the decimal of
 * `(1 << 156) | (sequence << 92) | (serverMs << 28) | salt`, 47 digits, so that string order is
 * number order is arrival order, and the server time can be read back (KVS: docs/formats/fragment-number.md).
 */
import { Fault } from "../base/errors.ts";
import { type Millis, millis } from "../base/units.ts";

export interface FragmentNumber {
  /** From 1, rising by one per fragment of a stream. */
  readonly sequence: number;
  /** Server time when the fragment began to arrive. */
  readonly receivedMs: Millis;
  /** 28 random bits. */
  readonly salt: number;
}

const MARK = 1n << 156n;
const MASK_64 = (1n << 64n) - 1n;
const MASK_28 = (1n << 28n) - 1n;

export function formatFragmentNumber(number: FragmentNumber): string {
  const { sequence, receivedMs, salt } = number;
  return (MARK | (BigInt(sequence) << 92n) | (BigInt(receivedMs) << 28n) | BigInt(salt)).toString();
}

/** Throws `request.bad` on anything that is not one of our fragment numbers. */
export function parseFragmentNumber(text: string): FragmentNumber {
  const value = /^[0-9]{1,128}$/.test(text) ? BigInt(text) : 0n;
  const sequence = (value >> 92n) & MASK_64;
  const serverMs = (value >> 28n) & MASK_64;
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  if (value >> 156n !== 1n || sequence > limit || serverMs > limit)
    throw new Fault("request.bad", `not a fragment number: ${text.slice(0, 60)}`);
  return {
    sequence: Number(sequence),
    receivedMs: millis(Number(serverMs)),
    salt: Number(value & MASK_28),
  };
}
