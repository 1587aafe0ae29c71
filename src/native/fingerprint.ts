/** Fingerprints of packs: what ETags of long clips are made of (docs/formats/index.md). */
import { createHash } from "node:crypto";
import type { Fingerprint, PackTotals } from "../fragment/fragment.ts";

const MODULUS = 2 ** 48;

/** Of a pack by its name and what the index counts in it. */
export function packFingerprint(pack: {
  readonly packId: string;
  readonly trackSetId: string;
  readonly totals: PackTotals;
}): Fingerprint {
  const { fragments, blocksBytes } = pack.totals;
  const text = `${pack.packId} ${pack.trackSetId} ${fragments} ${blocksBytes}`;
  const hash = createHash("sha256").update(text).digest();
  return [hash.readUIntBE(0, 6), hash.readUIntBE(6, 6)];
}

export function addFingerprint([a, b]: Fingerprint, [c, d]: Fingerprint): Fingerprint {
  return [(a + c) % MODULUS, (b + d) % MODULUS];
}

export function subtractFingerprint([a, b]: Fingerprint, [c, d]: Fingerprint): Fingerprint {
  return [(a - c + MODULUS) % MODULUS, (b - d + MODULUS) % MODULUS];
}
