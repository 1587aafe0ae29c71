/**
 * A recorded push of ffmpeg, damaged: all of the way from the first byte of the handshake to sealed fragments ends in
 * frames or a `Fault`, never in another error or a hang, and holds little. Seeded: a failing seed is printed, and replays.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { asFault, Fault } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { FlvToMatroska } from "../../src/ingest/rtmp/flv/flv-to-matroska.ts";
import { RtmpPeer } from "../../src/ingest/rtmp/peer.ts";
import { IngestSession } from "../../src/ingest/session.ts";
import { crc32 } from "../../src/native/crc32.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeSink, noViewers } from "../support/fake-sink.ts";
import { random } from "../support/random.ts";

const SEEDS = 20_000;
const RECORDED = readFileSync(join(import.meta.dirname, "../fixtures/rtmp-push.bin"));
const HANDSHAKE_BYTES = 3073;
/** Of unfinished connections that are all alive at once, each. A claim is 16 MB, and there are up to 32 of them. */
const HELD_BYTES = 128 << 10;
const ALIVE = 200;

/** A whole server side but for the socket. */
class Side {
  readonly sink = new FakeSink();
  sent = 0;
  events = 0;
  #session: IngestSession | undefined;
  readonly #media = new FlvToMatroska(crc32);
  readonly peer = new RtmpPeer({
    send: (bytes) => {
      this.sent += bytes.length;
    },
    random: (count) => new Uint8Array(count),
  });

  /** Throws what any part of it throws. */
  take(bytes: Uint8Array): void {
    this.peer.push(bytes);
    for (let event = this.peer.pull(); event !== undefined; event = this.peer.pull()) {
      this.events++;
      if (event.kind === "publish") this.#open();
      else if (event.kind === "end") this.#session?.end();
      else this.#session?.accept(this.#media.accept(event.kind, event.message));
      const fault = this.#session?.fault;
      if (fault !== undefined) throw fault;
    }
  }

  #open(): void {
    const recording = this.sink.record();
    this.peer.accept();
    this.#session = new IngestSession({
      ...{ stream: "cam", id: "s", startNs: 0n, recording, clock: new FakeClock() },
      ...{ live: noViewers.open("cam", "s"), log: silentLogger },
      transport: { send() {}, pause() {}, resume() {}, finished() {} },
    });
  }

  /** How many fragments it made. */
  over(): number {
    this.#session?.accept(this.#media.finish());
    this.#session?.abort();
    return this.sink.taken.length;
  }
}

const be24 = (value: number) => [(value >> 16) & 255, (value >> 8) & 255, value & 255];

/** Chunks that change how the next ones are read, or claim a lot. */
const SPICE = [
  Buffer.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1),
  Buffer.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff),
  Buffer.of(2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 6),
  Buffer.of(2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0),
  Buffer.of(9, ...be24(5), ...be24(0xffffff), 9, 1, 0, 0, 0),
  Buffer.of(10, ...be24(0xffffff), ...be24(0xfffffe), 8, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
  Buffer.of(0xff, 0xff, 0xff, 0x7f, 0x00, 0x17, 0xaf),
];

/** Changes, removes, repeats, moves or inserts a few bytes; seldom in the handshake. */
function damage(next: () => number): Uint8Array {
  let bytes: Uint8Array = Buffer.from(RECORDED);
  const rounds = 1 + Math.floor(next() * 4);
  for (let i = 0; i < rounds; i++) {
    const from = next() < 0.02 ? 0 : HANDSHAKE_BYTES;
    const at = from + Math.floor(next() * (bytes.length - from));
    const length = Math.floor(next() * 40);
    const what = next();
    if (what < 0.3) bytes[at] = Math.floor(next() * 256);
    else if (what < 0.5) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(next() * 8));
    else if (what < 0.6)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else if (what < 0.7)
      bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    else if (what < 0.95) {
      const spice = SPICE[Math.floor(next() * SPICE.length)] ?? Buffer.alloc(0);
      bytes = Buffer.concat([bytes.subarray(0, at), spice, bytes.subarray(at)]);
    } else bytes = bytes.slice(0, Math.max(1, at));
  }
  return bytes;
}

/** In up to four pieces. Undefined: no fault. */
function pass(side: Side, bytes: Uint8Array, next: () => number): Fault | undefined {
  const cuts = Array.from({ length: Math.floor(next() * 4) }, () =>
    Math.floor(next() * bytes.length),
  );
  const ends = [...cuts.sort((a, b) => a - b), bytes.length];
  let at = 0;
  try {
    for (const end of ends) {
      side.take(bytes.subarray(at, end));
      at = end;
    }
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error : asFault(error);
  }
}

/** What arrays and the heap hold after a collection, bytes. */
function memory(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // The second waits for what the first has found to be given back.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

suite("a damaged RTMP push", { timeout: 300_000 }, () => {
  test("undamaged, it is fragments with all of its frames", () => {
    const side = new Side();
    assert.equal(pass(side, RECORDED, random(1)), undefined);
    side.over();
    const frames = side.sink.taken.flatMap(({ info }) => info.totals).map((one) => one.frames);
    assert.equal(
      frames.reduce((sum, one) => sum + one, 0),
      6 + 11,
    );
  });

  test(`${SEEDS} times: frames, or a fault that says what was wrong`, async () => {
    const faults = new Map<string, number>();
    const before = memory();
    const alive: Side[] = [];
    let [whole, fragments, worst] = [0, 0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const next = random(seed);
      const bytes = damage(next);
      const side = new Side();
      const fault = pass(side, bytes, next);
      assert.notEqual(fault?.code, "internal", `seed ${seed}: ${fault?.cause ?? fault?.stack}`);
      assert.ok(side.events < 1000, `seed ${seed}: ${side.events} events`);
      assert.ok(side.sent < 64 << 10, `seed ${seed}: ${side.sent} bytes of answers`);
      if (fault === undefined) whole++;
      else faults.set(fault.code, 1 + (faults.get(fault.code) ?? 0));
      if (seed % (SEEDS / 5) > SEEDS / 5 - ALIVE) alive.push(side);
      else fragments += side.over();
      // What the sink decided is told.
      await Promise.resolve();
      if (seed % (SEEDS / 5) > 0) continue;
      worst = Math.max(worst, memory() - before);
      for (const one of alive.splice(0)) fragments += one.over();
    }
    const found = [...faults].map(([code, count]) => `${code} ${count}`).join(", ");
    // It gets far: a damaged byte of a picture is none of our business.
    assert.ok(whole > SEEDS / 4, `${whole} whole; ${found}`);
    assert.ok(fragments > SEEDS / 2, `${fragments} fragments`);
    for (const code of ["rtmp.bad-chunk", "rtmp.too-large", "rtmp.bad-command", "codec.bad-config"])
      assert.ok((faults.get(code) ?? 0) > 20, `${code}: ${found}`);
    assert.ok(worst / ALIVE < HELD_BYTES, `${Math.round(worst / ALIVE)} bytes a connection`);
  });
});
