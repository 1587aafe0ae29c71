/** Bounds that make a time query a range of an index. */

/** A fragment received before a range may reach into it by its length, ms. */
export const RECEIVED_SLACK_MS = 60_000;

/** Milliseconds as microseconds that the engines and JavaScript hold exactly. */
export function clampUs(ms: number): number {
  const limit = Math.floor(Number.MAX_SAFE_INTEGER / 2);
  return Math.round(Math.min(limit, Math.max(-limit, ms * 1000)));
}

/** The same for milliseconds: ranges may be as wide as -2^53 to 2^53, and no sum may leave what is exact. */
export function clampMs(ms: number): number {
  const limit = Math.floor(Number.MAX_SAFE_INTEGER / 2000);
  return Math.round(Math.min(limit, Math.max(-limit, ms)));
}
