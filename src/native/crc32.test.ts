import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as pure } from "../base/crc32.ts";
import { crc32 } from "./crc32.ts";

test("gives what the pure one gives, at any length, alignment and seed", () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 2654435761) >>> 24);
  for (const length of [0, 1, 15, 16, 63, 64, 65, 1000, 65_536])
    for (const start of [0, 1, 3, 8, 61])
      for (const seed of [0, 1, 0x80000000, 0xffffffff]) {
        const part = bytes.subarray(start, start + length);
        assert.equal(crc32(part, seed), pure(part, seed), `${length} from ${start}, seed ${seed}`);
      }
});

test("goes on from what came before", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.equal(crc32(bytes), 0xcbf43926);
  assert.equal(crc32(bytes.subarray(5), crc32(bytes.subarray(0, 5))), 0xcbf43926);
});
