/** Seeded damage: the same bytes with some changed, cut off, or doubled. */
import { random } from "./random.ts";

/** Always different from `good` unless it is empty; the same for the same seed. */
export function damaged(good: Uint8Array, seed: number): Uint8Array {
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const kind = below(4);
  if (kind === 0) return good.slice(0, below(good.length));
  const out = Uint8Array.from(good);
  for (let i = below(4); i >= 0; i--) {
    const at = below(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << below(8)) ^ (kind === 1 ? below(256) : 0);
  }
  return kind === 2 ? Uint8Array.of(...out, ...out.subarray(0, below(out.length))) : out;
}
