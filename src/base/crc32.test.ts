import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import { random } from "../../test/support/random.ts";
import { crc32, crc32Combine } from "./crc32.ts";

function noise(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next() * 256);
}

suite("CRC-32", () => {
  test("of the check string is the one of the standard", () => {
    assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
    assert.equal(crc32(new Uint8Array(0)), 0);
  });

  test("equals zlib's at every length and every alignment", () => {
    const block = noise(random(1), 128);
    for (let start = 0; start < 8; start++)
      for (let end = start; end <= block.length; end++) {
        const part = block.subarray(start, end);
        assert.equal(crc32(part), zlibCrc32(part), `${start} to ${end}`);
      }
  });

  test("goes on from a seed, wherever the bytes are cut", () => {
    const block = noise(random(2), 300);
    const whole = zlibCrc32(block);
    for (let at = 0; at <= block.length; at++)
      assert.equal(crc32(block.subarray(at), crc32(block.subarray(0, at))), whole, `cut at ${at}`);
  });

  test("of two parts is combined from theirs, up to 64 MiB", () => {
    const next = random(3);
    for (let i = 0; i < 200; i++) {
      const a = noise(next, Math.floor(next() * 40));
      const b = noise(next, Math.floor(next() * 3000));
      const both = Uint8Array.from([...a, ...b]);
      assert.equal(crc32Combine(crc32(a), crc32(b), b.length), zlibCrc32(both), `round ${i}`);
    }
    const zeros = new Uint8Array(1 << 20);
    let long = 0;
    for (let i = 0; i < 64; i++) long = zlibCrc32(zeros, long);
    let whole = zlibCrc32(Uint8Array.of(7));
    for (let i = 0; i < 64; i++) whole = zlibCrc32(zeros, whole);
    assert.equal(crc32Combine(crc32(Uint8Array.of(7)), long, zeros.length * 64), whole);
  });
});
