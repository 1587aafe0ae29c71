/**
 * Damaged Matroska gives items or a `Fault`: never another error, never a hang, never more memory than what
 * was sent. Seeded: a failing seed is printed, and replays.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { crc32 } from "../../src/base/crc32.ts";
import { Fault } from "../../src/base/errors.ts";
import { retimeBlock } from "../../src/media/mkv/block.ts";
import { framesOf } from "../../src/media/mkv/consumer.ts";
import type { MkvItem } from "../../src/media/mkv/items.ts";
import { MkvParser } from "../../src/media/mkv/parser.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import { tagsElement } from "../../src/media/mkv/writer.ts";
import type { TrackSet } from "../../src/media/track.ts";
import {
  blockBody,
  cat,
  ebml,
  el,
  inCluster,
  info,
  liveFile,
  simple,
  sizedFile,
  trackEntry,
  unknown,
} from "../support/mkv-build.ts";
import { random } from "../support/random.ts";

const SEEDS = 24_000;
/** Largest element the readers under test may hold, bytes. */
const LIMIT = 2000;

const samples = [live(), sized(), rich()];

function live(): Uint8Array {
  const clusters = [0, 900, 1800].map((ticks) =>
    inCluster(
      ticks,
      simple(1, 0, new Uint8Array(40)),
      simple(2, 5, "01 aabb ccdd", 0x84),
      simple(1, -40),
    ),
  );
  return liveFile(...clusters);
}

function sized(): Uint8Array {
  const group = el(
    "a0",
    cat(el("a1", blockBody(1, 9, 0, new Uint8Array(30))), el("9b", "28"), el("fb", "ff")),
  );
  const xiph = simple(2, 7, "02 01 02 aa bbbb cc", 0x82);
  const lace = simple(2, 8, "02 81 c0 aa bbbb cc", 0x86);
  return sizedFile(
    inCluster(0, simple(1, 0), group, xiph),
    inCluster(90, simple(1, 0), lace, el("ec", "0000")),
  );
}

/** Two Segments, CRC-32, tags, attachments, all that Tracks can hold. */
function rich(): Uint8Array {
  const compression = el("6d80", el("6240", el("5034", cat(el("4254", "03"), el("4255", "0102")))));
  const sound = el("e1", cat(el("b5", "473b8000"), el("9f", "02")));
  const video = el("e0", cat(el("b0", "0140"), el("ba", "b4")));
  const entries = cat(
    trackEntry(1, 1, video, el("23e383", "02625a00"), compression),
    trackEntry(2, 2, sound),
  );
  const tags = tagsElement([{ name: "NAME", value: "value" }], { crc: crc32, sizeWidth: 4 });
  const content = inCluster(3, simple(1, 0, new Uint8Array(20)), simple(2, 1));
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(content));
  const cluster = el("1f43b675", cat(el("bf", Uint8Array.from(crc)), content));
  const files = el("1941a469", el("61a7", el("465c", new Uint8Array(60))));
  return cat(
    ebml("webm"),
    unknown("18538067"),
    tags,
    info(1000),
    el("1654ae6b", entries),
    files,
    cluster,
    tags,
    cluster,
    sized(),
  );
}

/** Interesting bytes: all ones, all zeros, ids, size markers. */
const SPICE = [
  0xff, 0x00, 0x01, 0x80, 0x81, 0x40, 0x7f, 0xa3, 0xa0, 0xec, 0x1f, 0x1a, 0x18, 0xae, 0xe7,
];

/** Changes, removes, repeats or inserts a few bytes. */
function damage(good: Uint8Array, next: () => number): Uint8Array {
  let bytes: Uint8Array = good.slice();
  const rounds = 1 + Math.floor(next() * 6);
  for (let i = 0; i < rounds; i++) {
    const at = Math.floor(next() * bytes.length);
    const length = Math.floor(next() * 12);
    const what = next();
    if (what < 0.4) bytes[at] = SPICE[Math.floor(next() * SPICE.length)] ?? 0;
    else if (what < 0.6) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(next() * 8));
    else if (what < 0.75) bytes = cat(bytes.subarray(0, at), bytes.subarray(at + length));
    else if (what < 0.9)
      bytes = cat(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - length)));
    else bytes = bytes.slice(0, Math.max(20, at));
  }
  return bytes;
}

interface Outcome {
  readonly fault: Fault | undefined;
  readonly count: number;
  /** Most bytes held between pushes. */
  readonly held: number;
}

interface Source<T> {
  readonly heldBytes: number;
  push(chunk: Uint8Array): void;
  pull(): T | undefined;
  end(): void;
}

/** Feeds random pieces. Fails at more events than bytes could make, so that a hang is an error. */
function feed<T>(
  source: Source<T>,
  input: Uint8Array,
  next: () => number,
  see: (item: T) => void,
): Outcome {
  let count = 0;
  let held = 0;
  const pull = () => {
    for (let item = source.pull(); item !== undefined; item = source.pull()) {
      // A header is at least 2 bytes and gives at most an open and a close.
      assert.ok(++count <= input.length + 2, "more events than the bytes can make");
      see(item);
    }
    held = Math.max(held, source.heldBytes);
  };
  try {
    for (let at = 0; at < input.length; ) {
      const size = next() < 0.5 ? 1 + Math.floor(next() * 9) : 1 + Math.floor(next() * 600);
      source.push(input.subarray(at, at + size));
      at += size;
      pull();
    }
    source.end();
    pull();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { fault: error, count, held };
  }
  return { fault: undefined, count, held };
}

/** Uses an item as those above the reader do: none of this may throw on what the reader let pass. */
function use(item: MkvItem, state: { trackSet: TrackSet | undefined }): void {
  if (item.kind === "tracks") state.trackSet = item.trackSet;
  if (item.kind !== "block") return;
  assert.ok(state.trackSet !== undefined, "a block before any tracks");
  const { block } = item;
  for (const frame of framesOf(block, item.clusterTicks, state.trackSet))
    assert.ok(frame.payload.length <= block.element.length + 256);
  assert.equal(retimeBlock(block, 77).length, block.element.length);
}

function* seeds(): Generator<[seed: number, input: Uint8Array, next: () => number]> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const next = random(seed);
    yield [seed, damage(samples[seed % samples.length] ?? new Uint8Array(0), next), next];
  }
}

suite("damaged Matroska", () => {
  test("gives the parser's events or a fault, in as many steps as bytes and within its limits", () => {
    const codes = new Map<string, number>();
    for (const [seed, input, next] of seeds()) {
      try {
        const limits = { maxElementBytes: LIMIT, maxBlockBytes: LIMIT };
        const { fault, held } = feed(new MkvParser(limits), input, next, () => {});
        // An element of the limit with its header, and the piece pushed last.
        assert.ok(held <= LIMIT + 12 + 601, `${held} bytes held`);
        if (fault === undefined) continue;
        codes.set(fault.code, (codes.get(fault.code) ?? 0) + 1);
        assert.ok(
          fault.at !== undefined && fault.at >= 0 && fault.at <= input.length,
          `at ${fault.at}`,
        );
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    const total = [...codes.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(total > SEEDS / 4, `only ${total} inputs were refused: the damage is too weak`);
    for (const code of [
      "bad-id",
      "bad-size",
      "truncated",
      "child-overflow",
      "bad-crc",
      "not-matroska",
    ])
      assert.ok(
        (codes.get(`mkv.${code}`) ?? 0) > 0,
        `no ${code} among ${[...codes.keys()].join()}`,
      );
  });

  test("gives the reader's items or a fault, and whatever it lets pass can be used", () => {
    const codes = new Map<string, number>();
    let blocks = 0;
    for (const [seed, input, next] of seeds()) {
      const state: { trackSet: TrackSet | undefined } = { trackSet: undefined };
      try {
        const reader = new MkvReader({ maxElementBytes: LIMIT, maxBlockBytes: LIMIT });
        const { fault, held } = feed(reader, input, next, (item) => {
          if (item.kind === "block") blocks++;
          use(item, state);
        });
        assert.ok(held <= LIMIT + 12 + 601, `${held} bytes held`);
        codes.set(fault?.code ?? "none", (codes.get(fault?.code ?? "none") ?? 0) + 1);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    assert.ok((codes.get("none") ?? 0) > SEEDS / 100, "nothing was read to its end");
    assert.ok(blocks > SEEDS, `only ${blocks} blocks were read`);
    for (const code of ["bad-lacing", "unknown-track", "bad-value", "bad-block", "no-tracks"])
      assert.ok(
        (codes.get(`mkv.${code}`) ?? 0) > 0,
        `no ${code} among ${[...codes.keys()].join()}`,
      );
  });

  test("gives the same however it is split", () => {
    const list = (input: Uint8Array, next: () => number) => {
      const lines: string[] = [];
      const { fault } = feed(new MkvReader(), input, next, (item) => lines.push(lineOf(item)));
      return [...lines, `${fault?.code}@${fault?.at}`];
    };
    for (const [seed, input, next] of seeds()) {
      if (seed % 4 !== 0) continue;
      assert.deepEqual(
        list(input, next),
        list(input, () => 0),
        `seed ${seed}`,
      );
    }
  });
});

function lineOf(item: MkvItem): string {
  if (item.kind !== "block") return `${item.kind}@${item.at}`;
  const { block, clusterTicks } = item;
  const bytes = block.frames.map((f) => Buffer.from(f.toBytes()).toString("hex")).join();
  return `${block.track} ${clusterTicks + block.relativeTicks} ${block.key} ${block.at} ${bytes}`;
}
