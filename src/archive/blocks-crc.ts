import { ropeCrc32 } from "../base/crc32.ts";
import type { SealedFragment } from "../fragment/fragment.ts";
import { crc32 } from "../native/crc32.ts";

/** CRC-32 of a fragment's blocks: the producer's own where it was checked, else computed. */
export function blocksCrcOf({ blocks, blocksCrc }: SealedFragment): number {
  return blocksCrc ?? ropeCrc32(blocks, crc32);
}
