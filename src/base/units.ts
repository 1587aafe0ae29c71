/**
 * Units used on every boundary. A plain `number` never crosses a module without one.
 * Browser-safe; imports nothing.
 */

declare const unit: unique symbol;
type Unit<N extends string> = number & { readonly [unit]: N };

/** Whole milliseconds on one clock. Which clock is in the variable's name: `producedMs`, `receivedMs`. */
export type Millis = Unit<"ms">;
/** Whole microseconds since the Unix epoch (or a span of them). Safe until the year 2255. */
export type Micros = Unit<"us">;
/** A count of bytes, or a byte offset from the start of something. */
export type Bytes = Unit<"bytes">;

/** Checks and brands. The only place the cast is written. */
export function millis(value: number): Millis {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not whole milliseconds: ${value}`);
  return value as Millis;
}

/** Checks and brands whole microseconds. */
export function micros(value: number): Micros {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not whole microseconds: ${value}`);
  return value as Micros;
}

/** Checks and brands a byte count: whole and not negative. */
export function bytes(value: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a byte count: ${value}`);
  return value as Bytes;
}
