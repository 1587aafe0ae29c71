import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { crc32 } from "node:zlib";
import { everySplit } from "../../../test/support/chunks.ts";
import {
  ascii,
  cat,
  ebml,
  el,
  inCluster,
  simple,
  size,
  unknown,
} from "../../../test/support/mkv-build.ts";
import { eventLines } from "../../../test/support/mkv-drain.ts";
import { Fault } from "../../base/errors.ts";
import { MkvParser, type MkvParserOptions } from "./parser.ts";

/** What stands before the part under test: 28 bytes. */
const HEAD = cat(ebml(), unknown("18538067"));

/** The fault that ends this input, or undefined. */
function faultOf(input: Uint8Array, options: Partial<MkvParserOptions> = {}): string | undefined {
  const last = eventLines([input], options).at(-1);
  return last?.startsWith("!") ? last.slice(1) : undefined;
}

function withCrc(content: Uint8Array, expected = crc32(content)): Uint8Array {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(expected);
  return cat(el("bf", Uint8Array.from(value)), content);
}

suite("MkvParser refuses", () => {
  test("what does not begin with EBML, at its first wrong byte", () => {
    const inputs = [
      "47455420",
      "00000020667479706d703432",
      "1a45dfa4",
      "18538067",
      "ec80",
      "ff",
      "47",
    ];
    for (const text of inputs) assert.equal(faultOf(cat(text)), "mkv.not-matroska@0", text);
    assert.equal(faultOf(cat("1a45")), "mkv.truncated@0");
  });

  test("ids that are none", () => {
    for (const id of ["0f", "00", "ff", "4000", "7fff"])
      assert.equal(faultOf(cat(HEAD, id, "80", new Uint8Array(12))), "mkv.bad-id@28", id);
  });

  test("sizes that are none, beyond 2^53, or missing where they may not be", () => {
    assert.equal(faultOf(cat(HEAD, "4489", "00", new Uint8Array(12))), "mkv.bad-size@28");
    assert.equal(faultOf(cat(HEAD, "ec", "0120000000000000")), "mkv.bad-size@28");
    for (const id of ["1654ae6b", "a3", "ec", "1254c367", "4f4f"])
      assert.equal(faultOf(cat(HEAD, unknown(id))), "mkv.bad-size@28", id);
  });

  test("a child that ends after its parent", () => {
    const cluster = cat("1f43b675", size(10, 1), "e781 00", "a388", new Uint8Array(8));
    assert.equal(faultOf(cat(HEAD, cluster)), "mkv.child-overflow@36");
    const header = cat("1f43b675", size(3, 1), "1f43b675ff");
    assert.equal(faultOf(cat(HEAD, header)), "mkv.bad-id@33");
  });

  test("a Segment inside another's child, and a Cluster outside a Segment", () => {
    assert.equal(faultOf(cat(HEAD, el("1f43b675", el("18538067")))), "mkv.bad-id@33");
    assert.equal(faultOf(cat(HEAD, el("1654ae6b", el("1f43b675")))), "mkv.bad-id@33");
    assert.equal(faultOf(cat(ebml(), el("18538067"), el("1f43b675"))), "mkv.bad-id@21");
  });

  test("an element too large to be held, on its header alone", () => {
    const value = (id: string, bytes: number) => cat(HEAD, id, size(bytes, 8));
    const limits = { maxBlockBytes: 1000, maxElementBytes: 100, maxSkippedBytes: 5000 };
    const cases: readonly [id: string, limit: number][] = [
      ["a3", 1000],
      ["86", 100],
      ["ec", 5000],
      ["4f4f", 5000],
      ["465c", 5000],
    ];
    for (const [id, limit] of cases) {
      assert.equal(faultOf(value(id, limit + 1), limits), "mkv.element-too-large@28", id);
      assert.equal(faultOf(value(id, limit), limits), "mkv.truncated@28", id);
    }
    const group = { ...limits, whole: new Set(["BlockGroup" as const, "Tags" as const]) };
    assert.equal(faultOf(value("a0", 1001), group), "mkv.element-too-large@28");
    assert.equal(faultOf(value("1254c367", 101), group), "mkv.element-too-large@28");
  });

  test("nesting without end", () => {
    let deep = el("67c8");
    for (let i = 0; i < 40; i++) deep = el("67c8", deep, 4);
    assert.match(faultOf(cat(HEAD, deep)) ?? "", /^mkv\.too-deep@/);
    assert.equal(faultOf(cat(HEAD, deep), { maxDepth: 50 }), undefined);
  });

  test("children without end, but never for a Segment or a Cluster", () => {
    const many = cat(...Array.from({ length: 11 }, () => el("ec", "00")));
    const limit = { maxChildren: 10 };
    assert.match(faultOf(cat(HEAD, el("1c53bb6b", many)), limit) ?? "", /^mkv\.too-many-elements@/);
    assert.equal(faultOf(cat(HEAD, el("1f43b675", many), many), limit), undefined);
  });

  test("nothing that only came in many pieces: each child counts once", () => {
    const input = cat(HEAD, el("1549a966", el("7ba9", ascii("x".repeat(500)))));
    const bytes = Array.from(input, (byte) => Uint8Array.of(byte));
    assert.deepEqual(eventLines(bytes, { maxChildren: 1 }), eventLines([input]));
  });
});

suite("MkvParser after a fault", () => {
  test("stays failed with the same fault and holds nothing more", () => {
    const parser = new MkvParser();
    parser.push(cat("47455420", new Uint8Array(5000)));
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      try {
        parser.pull();
      } catch (error) {
        seen.push(error);
      }
      parser.push(new Uint8Array(100_000));
    }
    assert.equal(seen.length, 3);
    assert.ok(seen[0] instanceof Fault);
    assert.equal(new Set(seen).size, 1);
    assert.equal(parser.heldBytes, 0);
  });
});

suite("CRC-32 elements", () => {
  const content = inCluster(0, simple(1, 0, new Uint8Array(50).fill(7)), simple(2, 1));
  const good = cat(HEAD, el("1f43b675", withCrc(content)));

  test("that match are passed, however the bytes are split", () => {
    const whole = eventLines([good]);
    assert.equal(whole.at(-1), `-Segment@${good.length}`);
    for (const chunks of everySplit(good)) assert.deepEqual(eventLines(chunks), whole);
  });

  test("find every changed byte of a Cluster, in one piece and in single bytes", () => {
    const start = good.length - content.length;
    // From the first block's payload on: before that a flipped bit changes sizes, which is another fault.
    for (let at = start + 9; at < start + 50; at++) {
      const damaged = good.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const singles = Array.from(damaged, (byte) => Uint8Array.of(byte));
      assert.equal(faultOf(damaged), "mkv.bad-crc@28", `byte ${at}`);
      assert.equal(eventLines(singles).at(-1), "!mkv.bad-crc@28", `byte ${at}`);
    }
  });

  test("that do not match can be reported instead, or ignored", () => {
    const bad = cat(HEAD, el("1f43b675", withCrc(content, 1)));
    const close = `-Cluster@${bad.length}`;
    assert.ok(eventLines([bad], { onBadCrc: "report" }).includes(`${close} bad crc`));
    assert.ok(eventLines([bad], { onBadCrc: "ignore" }).includes(close));
    assert.equal(faultOf(bad), "mkv.bad-crc@28");
  });

  test("nest: the one inside counts in the one outside", () => {
    const info = el("1549a966", withCrc(el("7ba9", ascii("title"))));
    const file = (content: Uint8Array) => cat(ebml(), el("18538067", content));
    assert.equal(faultOf(file(withCrc(cat(info, el("ec", "00"))))), undefined);
    const wrong = file(withCrc(cat(info, el("ec", "00")), 5));
    assert.equal(faultOf(wrong), "mkv.bad-crc@16");
  });

  test("of masters given whole are checked too", () => {
    const tags = (expected?: number) => cat(HEAD, el("1254c367", withCrc(el("7373"), expected)));
    const whole = { whole: new Set(["Tags" as const]) };
    assert.equal(faultOf(tags(), whole), undefined);
    assert.equal(faultOf(tags(1), whole), "mkv.bad-crc@28");
    assert.equal(faultOf(tags(1), { ...whole, onBadCrc: "ignore" }), undefined);
  });

  test("of a master of unknown size, or not in the first place, do not count", () => {
    assert.equal(faultOf(cat(HEAD, unknown("1f43b675"), withCrc(content, 1))), undefined);
    assert.equal(
      faultOf(cat(HEAD, el("1f43b675", cat(el("ec", "00"), withCrc(content, 1))))),
      undefined,
    );
  });

  test("must have four bytes", () => {
    assert.equal(faultOf(cat(HEAD, el("1f43b675", el("bf", "0102")))), "mkv.bad-value@33");
  });

  test("are computed with the function given, which sees each byte once", () => {
    let seen = 0;
    const counting = (bytes: Uint8Array, seed?: number) => {
      seen += bytes.length;
      return crc32(bytes, seed);
    };
    assert.equal(faultOf(good, { crc32: counting }), undefined);
    assert.equal(seen, content.length);
  });
});
