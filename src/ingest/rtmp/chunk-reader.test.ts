/** Tables from the RTMP specification (§5.3), written out byte by byte. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../../test/support/random.ts";
import { ChunkReader } from "./chunk-reader.ts";

const LIMITS = { maxMessageBytes: 1 << 20, maxStreams: 8, maxHeldBytes: 1 << 20 };

interface Sent {
  readonly id?: number;
  readonly format?: 0 | 1 | 2 | 3;
  /** Time or delta; not written in format 3. */
  readonly time?: number;
  readonly length?: number;
  readonly type?: number;
  readonly streamId?: number;
  /** Four bytes after the header. */
  readonly extended?: number;
  readonly payload?: Uint8Array;
}

function basic(format: number, id: number): number[] {
  if (id < 64) return [(format << 6) | id];
  if (id < 320) return [format << 6, id - 64];
  return [(format << 6) | 1, (id - 64) & 255, (id - 64) >> 8];
}

const be = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) & 255);

function chunk(sent: Sent): Uint8Array {
  const { id = 5, format = 0, time = 0, type = 9, streamId = 1, extended } = sent;
  const { payload = new Uint8Array(0), length = payload.length } = sent;
  const out = basic(format, id);
  if (format < 3) out.push(...be(time, 3));
  if (format < 2) out.push(...be(length, 3), type);
  if (format === 0) out.push(...be(streamId, 4).reverse());
  if (extended !== undefined) out.push(...be(extended, 4));
  return Uint8Array.of(...out, ...payload);
}

const bytes = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 255);

/** `time type streamId length`, and the payload's first byte. */
function read(parts: readonly Uint8Array[], limits = LIMITS): string[] {
  const reader = new ChunkReader({ ...limits });
  const got: string[] = [];
  for (const part of parts) {
    reader.push(part);
    for (let m = reader.pull(); m !== undefined; m = reader.pull())
      got.push(`${m.timestamp} ${m.type} ${m.streamId} ${m.payload.length} ${m.payload.at(0)}`);
  }
  return got;
}

const setChunkSize = (size: number) =>
  chunk({ id: 2, type: 1, streamId: 0, payload: Uint8Array.from(be(size, 4)) });

suite("ChunkReader", () => {
  test("§5.3.2.1: four audio messages, one delta said, then nothing said", () => {
    const audio = (more: Sent) => chunk({ id: 3, type: 8, streamId: 12345, ...more });
    const got = read([
      audio({ time: 1000, payload: bytes(32) }),
      audio({ format: 2, time: 20, payload: bytes(32) }),
      audio({ format: 3, payload: bytes(32) }),
      audio({ format: 3, payload: bytes(32) }),
    ]);
    assert.deepEqual(
      got,
      [1000, 1020, 1040, 1060].map((time) => `${time} 8 12345 32 1`),
    );
  });

  test("§5.3.2.2: a message of 307 bytes in chunks of 128", () => {
    const whole = bytes(307);
    const parts = [
      chunk({ id: 4, time: 1000, length: 307, streamId: 12346, payload: whole.subarray(0, 128) }),
      chunk({ id: 4, format: 3, payload: whole.subarray(128, 256) }),
      chunk({ id: 4, format: 3, payload: whole.subarray(256) }),
    ];
    const reader = new ChunkReader({ ...LIMITS });
    for (const part of parts) reader.push(part);
    const message = reader.pull();
    assert.deepEqual([message?.timestamp, message?.streamId], [1000, 12346]);
    assert.deepEqual(Buffer.from(message?.payload.toBytes() ?? []), Buffer.from(whole));
  });

  test("chunk stream ids of one, two and three bytes", () => {
    for (const id of [3, 63, 64, 319, 320, 4095, 65_599])
      assert.deepEqual(
        read([chunk({ id, time: id, payload: bytes(5) })]),
        [`${id} 9 1 5 1`],
        `id ${id}`,
      );
  });

  test("times at and over the 24 bits, as times and as deltas", () => {
    const extended = 0x01000000;
    assert.deepEqual(
      read([
        chunk({ time: 0xfffffe, payload: bytes(1) }),
        chunk({ time: 0xffffff, extended: 0xffffff, payload: bytes(1) }),
        chunk({ time: 0xffffff, extended, payload: bytes(1) }),
        chunk({ format: 1, time: 0xffffff, extended, payload: bytes(1) }),
        chunk({ format: 2, time: 10, payload: bytes(1) }),
        chunk({ time: 0xffffff, extended: 0xffffffff, payload: bytes(1) }),
        chunk({ format: 2, time: 5, payload: bytes(1) }),
      ]),
      [0xfffffe, 0xffffff, 0x1000000, 0x2000000, 0x200000a, 0xffffffff, 4].map(
        (time) => `${time} 9 1 1 1`,
      ),
    );
  });

  test("format 3 that begins a message: after format 0, and after a delta in four bytes", () => {
    const extended = 0x01000000;
    assert.deepEqual(
      read([
        chunk({ time: 500, payload: bytes(2) }),
        // No delta has been said: the same time again, as librtmp means it.
        chunk({ format: 3, payload: bytes(2) }),
        chunk({ format: 3, payload: bytes(2) }),
        chunk({ format: 1, time: 0xffffff, extended, payload: bytes(3) }),
        // The delta is repeated in its four bytes; some encoders leave them out.
        chunk({ format: 3, extended, payload: bytes(3) }),
        chunk({ format: 3, payload: bytes(3) }),
        chunk({ format: 2, time: 0xffffff, extended: 0x01000001, payload: bytes(3) }),
        chunk({ format: 3, extended: 0x01000001, payload: bytes(3) }),
        // An extended time, not a delta: none is said after it either.
        chunk({ time: 0xffffff, extended: 0x02000000, payload: bytes(4) }),
        chunk({ format: 3, extended: 0x02000000, payload: bytes(4) }),
      ]),
      [
        ...["500 9 1 2 1", "500 9 1 2 1", "500 9 1 2 1"],
        ...[1, 2, 3].map((times) => `${500 + times * extended} 9 1 3 1`),
        ...[1, 2].map((times) => `${500 + 3 * extended + times * 0x01000001} 9 1 3 1`),
        ...[0, 1].map(() => `${0x02000000} 9 1 4 1`),
      ],
    );
  });

  test("an extended time that is repeated when a message goes on, and one that is not", () => {
    const whole = bytes(200);
    const start = { time: 0xffffff, extended: 0x01234567, length: 200 };
    const first = chunk({ ...start, payload: whole.subarray(0, 128) });
    const rest = whole.subarray(128);
    for (const next of [
      chunk({ format: 3, extended: 0x01234567, payload: rest }),
      chunk({ format: 3, payload: rest }),
    ]) {
      const reader = new ChunkReader({ ...LIMITS });
      reader.push(first);
      reader.push(next);
      assert.deepEqual(Buffer.from(reader.pull()?.payload.toBytes() ?? []), Buffer.from(whole));
    }
  });

  test("chunk sizes that change in the middle of the stream, from 1 byte to more than any message", () => {
    for (const size of [1, 2, 127, 4096, 65_536, 0x7fffffff]) {
      const whole = bytes(300);
      const step = Math.min(size, 300);
      const parts = [setChunkSize(size)];
      for (let at = 0; at < 300; at += step)
        parts.push(
          chunk({
            ...{ format: at === 0 ? 0 : 3, time: 7, length: 300 },
            payload: whole.subarray(at, at + step),
          }),
        );
      assert.deepEqual(read(parts), ["7 9 1 300 1"], `chunk size ${size}`);
    }
  });

  test("messages of two chunk streams among each other, and one that is given up", () => {
    const [a, b] = [bytes(200, 1), bytes(150, 9)];
    const abort = chunk({ id: 2, type: 2, streamId: 0, payload: Uint8Array.from(be(6, 4)) });
    assert.deepEqual(
      read([
        chunk({ id: 4, time: 1, length: 200, payload: a.subarray(0, 128) }),
        chunk({ id: 6, time: 2, length: 150, payload: b.subarray(0, 128) }),
        chunk({ id: 4, format: 3, payload: a.subarray(128) }),
        abort,
        chunk({ id: 6, time: 3, length: 4, payload: bytes(4, 5) }),
      ]),
      ["1 9 1 200 1", "3 9 1 4 5"],
    );
  });

  test("the same messages at every split of the bytes", () => {
    const whole = bytes(300);
    const all = Buffer.concat([
      chunk({
        id: 70,
        time: 0xffffff,
        extended: 0x02000000,
        length: 300,
        payload: whole.subarray(0, 128),
      }),
      chunk({ id: 70, format: 3, extended: 0x02000000, payload: whole.subarray(128, 256) }),
      setChunkSize(60),
      chunk({ id: 70, format: 3, extended: 0x02000000, payload: whole.subarray(256) }),
      chunk({ id: 4, format: 0, time: 4, payload: bytes(60) }),
      chunk({ id: 4, format: 2, time: 4, payload: bytes(60) }),
    ]);
    const want = read([all]);
    assert.equal(want.length, 3);
    for (let at = 0; at <= all.length; at++)
      assert.deepEqual(read([all.subarray(0, at), all.subarray(at)]), want, `split at ${at}`);
    assert.deepEqual(read(Array.from(all, (byte) => Uint8Array.of(byte))), want);
  });

  test("messages keep their bytes, whatever comes in between and after them", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const below = (limit: number) => Math.floor(next() * limit);
      const sent = [4, 5, 6, 7].map((id) => ({ id, payload: bytes(below(60_000), id), at: 0 }));
      const size = 1 + below(5000);
      const input = [setChunkSize(size)];
      for (
        let left = [...sent];
        left.length > 0;
        left = left.filter((m) => m.at < m.payload.length)
      ) {
        const message = left[next() < 0.9 ? 0 : below(left.length)] as (typeof sent)[number];
        const { id, at, payload } = message;
        const head = at === 0 ? { time: id, length: payload.length } : { format: 3 as const };
        message.at += size;
        input.push(chunk({ id, ...head, payload: payload.subarray(at, message.at) }));
      }
      const all = Buffer.concat(input);
      const reader = new ChunkReader({ ...LIMITS });
      const got = new Map<number, Uint8Array>();
      for (let at = 0; at < all.length; ) {
        let end = at + 1 + below(next() < 0.5 ? 100 : 70_000);
        if (seed % 2 === 0) reader.push(all.subarray(at, end));
        else {
          // As a socket does that reads into the reader's own array.
          const room = reader.room();
          end = Math.min(end, all.length, at + room.length);
          room.set(all.subarray(at, end));
          reader.filled(end - at);
        }
        for (let m = reader.pull(); m !== undefined; m = reader.pull())
          got.set(m.timestamp, m.payload.toBytes());
        at = end;
      }
      assert.equal(reader.heldBytes, 0);
      for (const { id, payload } of sent)
        assert.deepEqual(Buffer.from(got.get(id) ?? []), Buffer.from(payload), `seed ${seed}`);
    }
  });

  test("a few bytes that come after megabytes do not keep the megabytes", () => {
    const reader = new ChunkReader({ ...LIMITS, maxMessageBytes: 1 << 24 });
    const large = chunk({ id: 4, length: 1 << 23 });
    const whole = [large, new Uint8Array(1 << 23), chunk({ id: 5, payload: bytes(3) })];
    for (const part of [setChunkSize(1 << 24), ...whole]) reader.push(part);
    const kept = () => reader.pull()?.payload.parts[0]?.buffer.byteLength ?? 0;
    assert.ok(kept() >= 1 << 23);
    assert.ok(kept() < 1 << 18);
  });

  test("what is no RTMP, and what is too much of it, is a fault", () => {
    const cases: [string, readonly Uint8Array[]][] = [
      ["rtmp.bad-chunk", [chunk({ format: 1, payload: bytes(1) })]],
      ["rtmp.bad-chunk", [setChunkSize(0)]],
      ["rtmp.bad-chunk", [setChunkSize(0x80000000)]],
      ["rtmp.too-large", [chunk({ length: (1 << 20) + 1 })]],
      [
        "rtmp.bad-chunk",
        Array.from({ length: 9 }, (_, i) => chunk({ id: 10 + i, payload: bytes(1) })),
      ],
    ];
    for (const [code, parts] of cases) assert.throws(() => read(parts), { code });
    const claims = Array.from({ length: 8 }, (_, i) =>
      chunk({ id: 10 + i, length: 1 << 20, payload: bytes(128) }),
    );
    assert.deepEqual(read(claims), [], "a claim costs nothing");
    const small = { ...LIMITS, maxHeldBytes: 1000 };
    assert.throws(() => read(claims, small), { code: "rtmp.too-large" });
  });

  test("20,000 mutations end in messages or a fault, and hold no more than the limits say", () => {
    const whole = bytes(300);
    const sound = Buffer.concat([
      setChunkSize(100),
      chunk({
        id: 70,
        time: 0xffffff,
        extended: 0x02000000,
        length: 300,
        payload: whole.subarray(0, 100),
      }),
      chunk({ id: 70, format: 3, extended: 0x02000000, payload: whole.subarray(100, 200) }),
      chunk({ id: 400, type: 8, time: 5, payload: bytes(50) }),
      chunk({ id: 70, format: 3, extended: 0x02000000, payload: whole.subarray(200) }),
      chunk({ id: 400, format: 2, time: 5, payload: bytes(50) }),
    ]);
    let faults = 0;
    for (let seed = 1; seed <= 20_000; seed++) {
      const next = random(seed);
      const damaged = Buffer.from(sound);
      for (let i = 0; i <= seed % 4; i++)
        damaged[Math.floor(next() * damaged.length)] = Math.floor(next() * 256);
      const reader = new ChunkReader({ ...LIMITS });
      try {
        const cut = Math.floor(next() * damaged.length);
        for (const part of [damaged.subarray(0, cut), damaged.subarray(cut)]) {
          reader.push(part);
          for (let m = reader.pull(); m !== undefined; m = reader.pull()) {}
        }
        assert.ok(reader.heldBytes <= damaged.length);
      } catch (error) {
        assert.match(String((error as { code?: string }).code), /^rtmp\./, `seed ${seed}`);
        faults++;
      }
    }
    assert.ok(faults > 1000, `${faults} faults`);
  });
});
