import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { everySplit } from "../../../test/support/chunks.ts";
import { blockBody, cat, el, type Part } from "../../../test/support/mkv-build.ts";
import { plainBlock } from "../../../test/support/mkv-drain.ts";
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import type { Track, TrackType } from "../track.ts";
import { blockGroupOf, retimeBlock, simpleBlockOf } from "./block.ts";
import type { Block } from "./items.ts";

const types: Readonly<Record<number, TrackType>> = { 1: "video", 2: "audio", 300: "subtitle" };

function lookup(number: number): Track | undefined {
  const type = types[number];
  return type === undefined ? undefined : { number, type, codecId: "X", encoding: "plain" };
}

function simpleOf(body: Part, pieces?: readonly Uint8Array[]): Block {
  const element = el("a3", body);
  return simpleBlockOf(
    Rope.from(pieces ?? [element]),
    element.length - cat(body).length,
    7,
    lookup,
  );
}

function groupOf(...content: readonly Part[]): Block | undefined {
  const body = cat(...content);
  const element = el("a0", body);
  return blockGroupOf(Rope.of(element), element.length - body.length, 7, lookup);
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return `${error.code}@${error.at}`;
  }
  return "none";
}

suite("SimpleBlock", () => {
  // RFC 9559 §10.2: time is signed, flags are key 0x80, invisible 0x08, lacing 0x06, discardable 0x01.
  test("has a signed time of 16 bits", () => {
    const times = [0, 1, -1, 0x7fff, -0x8000, 300, -300];
    assert.deepEqual(
      times.map((time) => simpleOf(blockBody(1, time, 0x80, "aa")).relativeTicks),
      times,
    );
  });

  test("has its flags", () => {
    const flags = (byte: number) => {
      const { key, invisible, discardable, lacing } = simpleOf(blockBody(1, 0, byte, "00aa"));
      return [key, invisible, discardable, lacing];
    };
    assert.deepEqual(flags(0x00), [false, false, false, "none"]);
    assert.deepEqual(flags(0x80), [true, false, false, "none"]);
    assert.deepEqual(flags(0x08), [false, true, false, "none"]);
    assert.deepEqual(flags(0x01), [false, false, true, "none"]);
    assert.deepEqual(
      [0x02, 0x04, 0x06].map((f) => flags(f)[3]),
      ["xiph", "fixed", "ebml"],
    );
  });

  test("of an audio track is always a key frame", () => {
    assert.equal(simpleOf(blockBody(2, 0, 0, "aa")).key, true);
    assert.equal(simpleOf(blockBody(1, 0, 0, "aa")).key, false);
  });

  test("may name its track in several bytes", () => {
    const block = simpleOf("41 2c 0005 80 aabb");
    assert.deepEqual([block.track, block.relativeTicks], [300, 5]);
    assert.deepEqual([...(block.frames[0]?.toBytes() ?? [])], [0xaa, 0xbb]);
  });

  test("may be empty", () => {
    const block = simpleOf(blockBody(1, 0, 0x80, ""));
    assert.deepEqual([block.frames.length, block.frames[0]?.length], [1, 0]);
  });

  test("reads the same in any pieces", () => {
    const element = el("a3", blockBody(1, -2, 0x84, "01 aabb ccdd"));
    const want = plainBlock(simpleBlockOf(Rope.of(element), 2, 7, lookup));
    assert.deepEqual(want.frames, ["aabb", "ccdd"]);
    for (const pieces of everySplit(element))
      assert.deepEqual(plainBlock(simpleBlockOf(Rope.from(pieces), 2, 7, lookup)), want);
  });

  test("that is too short, or of no declared track, is refused", () => {
    for (const body of ["", "81", "81 00", "81 0000", "00 00000080", "4001 0000"])
      assert.equal(
        code(() => simpleOf(body)),
        "mkv.bad-block@7",
        body,
      );
    assert.equal(
      code(() => simpleOf(blockBody(3, 0, 0, "aa"))),
      "mkv.unknown-track@7",
    );
    assert.equal(
      code(() => simpleOf(blockBody(1, 0, 0x04, "01aabbcc"))),
      "mkv.bad-lacing@7",
    );
  });
});

suite("BlockGroup", () => {
  const block = el("a1", blockBody(1, -5, 0x08, "aabb"));

  test("is a key frame unless it refers to another", () => {
    assert.equal(groupOf(block)?.key, true);
    assert.equal(groupOf(block, el("fb", "ff"))?.key, false);
  });

  test("has a duration when it says so, and the times and flags of its Block", () => {
    const { durationTicks, relativeTicks, invisible } = groupOf(el("9b", "0fa0"), block) ?? {};
    assert.deepEqual([durationTicks, relativeTicks, invisible], [4000, -5, true]);
    assert.equal(groupOf(block)?.durationTicks, undefined);
  });

  test("never is discardable: the bit means nothing in a Block", () => {
    assert.equal(groupOf(el("a1", blockBody(1, 0, 0x01, "aa")))?.discardable, false);
  });

  test("keeps what else it holds in its element, and only the Block's payload in its frames", () => {
    const extra = cat(el("75a1", el("a6", cat(el("ee", "01"), el("a5", "99")))), el("75a2", "05"));
    const group = groupOf(extra, block, extra);
    assert.ok(group !== undefined);
    const plain = plainBlock(group);
    assert.deepEqual(plain.frames, ["aabb"]);
    assert.equal(plain.element, Buffer.from(el("a0", cat(extra, block, extra))).toString("hex"));
  });

  test("without a Block is passed over; a damaged one is refused", () => {
    assert.equal(groupOf(el("9b", "01")), undefined);
    assert.equal(
      code(() => groupOf(el("a1", "81 00"))),
      "mkv.bad-block@7",
    );
    assert.equal(
      code(() => groupOf(block, "9b")),
      "mkv.bad-size@17",
    );
  });

  test("in pieces has the same block, and its payload is not joined", () => {
    const element = el(
      "a0",
      cat(el("a1", blockBody(1, 1, 0, new Uint8Array(90).fill(3))), el("9b", "05")),
    );
    const want = plainBlock(blockGroupOf(Rope.of(element), 2, 7, lookup) as Block);
    for (const pieces of everySplit(element)) {
      const read = blockGroupOf(Rope.from(pieces), 2, 7, lookup);
      assert.ok(read !== undefined);
      assert.deepEqual(plainBlock(read), want);
    }
    const two = [element.slice(0, 50), element.slice(50)];
    const [frame] = blockGroupOf(Rope.from(two), 2, 7, lookup)?.frames ?? [];
    assert.deepEqual(
      frame?.parts.map((part) => part.buffer),
      two.map((part) => part.buffer),
    );
  });
});

suite("header stripping", () => {
  test("is undone in every frame, laced or not", () => {
    const track: Track = {
      ...(lookup(1) as Track),
      encoding: "header-stripping",
      strippedHeader: Uint8Array.of(9, 8),
    };
    const read = (body: Part) => simpleBlockOf(Rope.of(el("a3", body)), 2, 0, () => track);
    assert.deepEqual(plainBlock(read(blockBody(1, 0, 0, "aa"))).frames, ["0908aa"]);
    assert.deepEqual(plainBlock(read(blockBody(1, 0, 4, "01 aa bb"))).frames, ["0908aa", "0908bb"]);
  });
});

suite("retimeBlock", () => {
  test("changes the two bytes of the time and nothing else, and does not copy the payload", () => {
    const payload = new Uint8Array(5000).fill(1);
    for (const build of [simpleOf, (body: Part) => groupOf(el("9b", "05"), el("a1", body, 4))]) {
      const block = build(blockBody(1, 3, 0x80, payload));
      assert.ok(block !== undefined);
      for (const ticks of [-0x8000, -1, 0, 0x7fff]) {
        const rope = retimeBlock(block, ticks);
        const want = Buffer.from(block.element.toBytes());
        want.writeInt16BE(ticks, block.timeOffset);
        assert.ok(want.equals(rope.toBytes()), `${ticks}`);
        assert.equal(rope.parts.at(-1)?.buffer, block.element.parts[0]?.buffer);
      }
      assert.equal(retimeBlock(block, 3), block.element);
    }
  });

  test("beyond 16 bits is our own mistake", () => {
    const block = simpleOf(blockBody(1, 3, 0x80, "aa"));
    assert.throws(() => retimeBlock(block, 0x8000), /^Error: bug/);
  });
});
