import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type KeyFrameItem, KeyFrameReader, keyFrameRecord } from "./key-frames.ts";

const ITEMS: readonly KeyFrameItem[] = [
  {
    ...{ kind: "track", codec: "V_MPEG4/ISO/AVC", codecString: "avc1.64001F" },
    ...{ codecPrivate: Uint8Array.of(1, 0, 255), width: 640, height: 360 },
  },
  { kind: "frame", timeUs: 1_790_000_000_123_456, payload: Uint8Array.of(9, 8, 7) },
  { kind: "frame", timeUs: -5, payload: new Uint8Array(0) },
  { kind: "track", codec: "V_VP8", width: 0, height: 0 },
  { kind: "end", nextMs: 1_790_000_000_124 },
  { kind: "end" },
];

function bytesOf(items: readonly KeyFrameItem[]): Uint8Array {
  return Uint8Array.from(items.flatMap((item) => keyFrameRecord(item).flatMap((b) => [...b])));
}

suite("KeyFrameReader", () => {
  test("gives what was written, however the bytes are split", () => {
    const bytes = bytesOf(ITEMS);
    assert.deepEqual(new KeyFrameReader().push(bytes), ITEMS);
    for (const size of [1, 3, 7]) {
      const reader = new KeyFrameReader();
      const got: KeyFrameItem[] = [];
      for (let at = 0; at < bytes.length; at += size)
        got.push(...reader.push(bytes.subarray(at, at + size)));
      assert.deepEqual(got, ITEMS, `${size} bytes at a time`);
    }
  });

  test("passes over kinds that it does not know", () => {
    const unknown = Uint8Array.of(0, 0, 0, 2, 77, 1);
    const got = new KeyFrameReader().push(Uint8Array.of(...unknown, ...bytesOf(ITEMS.slice(-1))));
    assert.deepEqual(got, ITEMS.slice(-1));
  });

  test("refuses what is no such answer before it waits for its bytes", () => {
    for (const [bytes, why] of [
      [[0xff, 0xff, 0xff, 0xff, 2], /a record of 4294967295 bytes/],
      [[0, 0, 0, 0, 2], /a record of 0 bytes/],
      [[0, 0, 0, 3, 2, 1, 1], /a frame without its time/],
      [[0, 0, 0, 2, 1, 0x7b], /no JSON/],
      [[0, 0, 0, 3, 1, 0x7b, 0x7d], /a track without a codec/],
    ] as const)
      assert.throws(() => new KeyFrameReader().push(Uint8Array.from(bytes)), {
        code: "request.bad",
        message: why,
      });
  });
});
