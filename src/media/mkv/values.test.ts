import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { cat, el, unknown } from "../../../test/support/mkv-build.ts";
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import {
  type Child,
  children,
  childSpans,
  dateNs,
  float,
  inside,
  int,
  text,
  uint,
} from "./values.ts";

/** An element of this payload, standing at byte 40 of the input. */
function child(bytes: string): Child {
  return { name: "Title", at: 40, start: 0, payloadStart: 2, payload: hex(bytes) };
}

function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return `${error.code}@${error.at}`;
  }
  return "none";
}

suite("EBML values", () => {
  // RFC 8794 §7.1 and §7.2.
  test("integers have any width from 0 to 8 bytes", () => {
    const unsigned: readonly [string, number][] = [
      ["", 0],
      ["00", 0],
      ["ff", 255],
      ["0f4240", 1_000_000],
      ["0000000000000001", 1],
      ["001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ];
    for (const [bytes, value] of unsigned) assert.equal(uint(child(bytes)), value, bytes);
    const signed: readonly [string, number][] = [
      ["", 0],
      ["7f", 127],
      ["80", -128],
      ["ff", -1],
      ["ff00", -256],
      ["ffffffffffffff85", -123],
      ["ffe0000000000001", -Number.MAX_SAFE_INTEGER],
    ];
    for (const [bytes, value] of signed) assert.equal(int(child(bytes)), value, bytes);
  });

  test("floats have 0, 4 or 8 bytes", () => {
    assert.deepEqual(
      ["", "473b8000", "40e7700000000000"].map((bytes) => float(child(bytes))),
      [0, 48_000, 48_000],
    );
  });

  test("texts end at the first zero byte, and bad UTF-8 is replaced", () => {
    assert.deepEqual(
      ["", "61 62", "61 00 62", "c3a9", "ff 61"].map((bytes) => text(child(bytes))),
      ["", "ab", "a", "é", "\ufffda"],
    );
  });

  test("dates count nanoseconds from the beginning of 2001", () => {
    const iso = (bytes: string) =>
      new Date(Number(dateNs(child(bytes)) / 1_000_000n)).toISOString();
    assert.equal(iso(""), "2001-01-01T00:00:00.000Z");
    assert.equal(iso("0000000000000000"), "2001-01-01T00:00:00.000Z");
    assert.equal(iso("ffffffffc4653600"), "2000-12-31T23:59:59.000Z");
  });

  test("impossible lengths and values are faults at the element", () => {
    const bad: readonly (() => unknown)[] = [
      () => uint(child("0020000000000000")),
      () => uint(child("000000000000000001")),
      () => int(child("000000000000000001")),
      () => int(child("8000000000000000")),
      () => float(child("000000")),
      () => dateNs(child("0000")),
    ];
    for (const run of bad) assert.equal(faultOf(run), "mkv.bad-value@40", String(run));
  });
});

suite("children of an element in memory", () => {
  const payload = cat(el("d7", "01"), el("4f4f", "0203"), el("86", "56"));

  test("have their names, offsets in the input, and payloads", () => {
    const found = children(payload, 100);
    assert.deepEqual(
      found.map((c) => [c.name, c.at, c.start, c.payloadStart, [...c.payload]]),
      [
        ["TrackNumber", 100, 0, 2, [1]],
        [undefined, 103, 3, 6, [2, 3]],
        ["CodecID", 108, 8, 10, [0x56]],
      ],
    );
  });

  test("of children have offsets in the input too", () => {
    const nested = el("ae", payload);
    const [entry] = children(nested, 500);
    assert.ok(entry !== undefined);
    assert.deepEqual(
      inside(entry).map((c) => c.at),
      [502, 505, 510],
    );
  });

  test("are found in a rope of any pieces, and payloads are not joined", () => {
    for (let cut = 1; cut < payload.length; cut++) {
      const rope = Rope.from([payload.slice(0, cut), payload.slice(cut)]);
      assert.deepEqual(
        childSpans(rope, 0, 0).map((s) => [s.name, s.start, s.payloadStart, s.end]),
        [
          ["TrackNumber", 0, 2, 3],
          [undefined, 3, 6, 8],
          ["CodecID", 8, 10, 11],
        ],
      );
    }
  });

  test("that are damaged are faults where they begin", () => {
    const start = el("d7", "01");
    const cases: readonly [Uint8Array, string][] = [
      [cat("00"), "mkv.bad-id"],
      [cat("0f808080808080"), "mkv.bad-id"],
      [cat("86"), "mkv.bad-size"],
      [cat("8600"), "mkv.bad-size"],
      [cat("8640"), "mkv.bad-size"],
      [cat("1a45"), "mkv.bad-size"],
      [unknown("86"), "mkv.bad-size"],
      [cat("8682 00"), "mkv.child-overflow"],
    ];
    for (const [bytes, code] of cases) {
      const all = cat(start, bytes);
      assert.equal(
        faultOf(() => children(all, 10)),
        `${code}@13`,
        Buffer.from(bytes).toString("hex"),
      );
      assert.equal(
        faultOf(() => childSpans(Rope.of(all), 0, 10)),
        `${code}@13`,
      );
    }
  });

  test("may not be more than the limit", () => {
    const many = new Uint8Array(60).map((_, i) => (i % 2 === 0 ? 0xec : 0x80));
    assert.equal(children(many, 0, 30).length, 30);
    assert.equal(
      faultOf(() => children(many, 0, 29)),
      "mkv.too-many-elements@58",
    );
    assert.equal(
      faultOf(() => childSpans(Rope.of(many), 0, 0, 29)),
      "mkv.too-many-elements@58",
    );
  });
});
