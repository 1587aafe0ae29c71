import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { crc32 } from "node:zlib";
import { hex } from "../../../test/support/hex.ts";
import { cat, ebml } from "../../../test/support/mkv-build.ts";
import { blocksOf, drain, eventLines } from "../../../test/support/mkv-drain.ts";
import { Rope } from "../../base/rope.ts";
import { element, floatElement, sizeBytes, textElement, uintElement, voidElement } from "./out.ts";
import { MkvReader } from "./reader.ts";
import {
  CLUSTER_HEADER_BYTES,
  clusterHeader,
  cuesElement,
  cuesSize,
  ebmlHeader,
  infoElement,
  seekHeadElement,
  segmentHeader,
  simpleBlock,
  tagsElement,
  tracksElement,
} from "./writer.ts";

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function assertHex(bytes: Uint8Array, text: string): void {
  assert.equal(hexOf(bytes), hexOf(hex(text)));
}

suite("EBML elements as bytes", () => {
  test("sizes take the least width in which they are not all ones", () => {
    const rows: readonly [number, string][] = [
      [0, "80"],
      [126, "fe"],
      [127, "407f"],
      [16382, "7ffe"],
      [16383, "203fff"],
      [2 ** 21 - 2, "3ffffe"],
      [2 ** 28 - 1, "080fffffff"],
      [Number.MAX_SAFE_INTEGER, "011fffffffffffff"],
    ];
    for (const [size, text] of rows) assertHex(sizeBytes(size), text);
  });

  test("sizes have the width asked for, and must fit", () => {
    assertHex(sizeBytes(5, 4), "10000005");
    assertHex(sizeBytes(5, 8), "0100000000000005");
    assert.throws(() => sizeBytes(127, 1), /^Error: bug/);
    assert.throws(() => sizeBytes(-1), /^Error: bug/);
  });

  test("values have the forms of RFC 8794 §7", () => {
    assertHex(uintElement("TrackNumber", 1), "d7 81 01");
    assertHex(uintElement("TimestampScale", 1_000_000), "2ad7b1 83 0f4240");
    assertHex(uintElement("Timestamp", 1n << 40n, 8), "e7 88 0000010000000000");
    assertHex(floatElement("Duration", 1.5), "4489 88 3ff8000000000000");
    assertHex(textElement("Title", "é", 4), "7ba9 10000002 c3a9");
    assertHex(element("TrackEntry", [hex("aa"), hex("bb")]), "ae 82 aabb");
    assert.throws(() => uintElement("Timestamp", 256, 1), /^Error: bug/);
  });

  test("a Void has exactly the length asked for", () => {
    assertHex(voidElement(2), "ec 80");
    assertHex(voidElement(9), "ec 87 00000000000000");
    for (const total of [2, 3, 9, 10, 11, 128, 129, 5000]) {
      const lines = eventLines([cat(ebml(), "18538067ff", voidElement(total))]);
      assert.equal(voidElement(total).length, total);
      assert.ok(
        lines.some((line) => line.startsWith("~ec@21:")),
        `${total}`,
      );
    }
    assert.throws(() => voidElement(1), /^Error: bug/);
  });
});

suite("Matroska headers", () => {
  test("are what an independent reader of the bytes expects", () => {
    assertHex(
      ebmlHeader("webm"),
      "1a45dfa3 9f 4286 81 01 42f7 81 01 42f2 81 04 42f3 81 08 4282 84 7765626d 4287 81 04 4285 81 02",
    );
    assertHex(segmentHeader(), "18538067 01ffffffffffffff");
    assertHex(segmentHeader(1000), "18538067 01000000000003e8");
  });

  test("info is read back, with a date before and after 2001", () => {
    for (const dateUtcNs of [0n, 978_307_200_000_000_001n, 1_795_404_383_003_000_000n]) {
      const options = { timestampScaleNs: 333, durationTicks: 77.5, title: "t", dateUtcNs };
      const segmentUuid = new Uint8Array(16).fill(3);
      const input = cat(ebmlHeader(), segmentHeader(), infoElement({ ...options, segmentUuid }));
      const { list } = drain(new MkvReader(), [input]);
      assert.deepEqual(list[1], {
        ...{ kind: "info", at: 52, muxingApp: "Streambank" },
        ...options,
      });
    }
  });

  test("a seek head has one length for any positions", () => {
    const points = (position: number) =>
      seekHeadElement([
        { name: "Info", position },
        { name: "Cues", position: position * 2 },
      ]);
    assert.equal(points(0).length, points(2 ** 51).length);
    assertHex(
      seekHeadElement([{ name: "Cues", position: 300 }]),
      "114d9b74 95 4dbb 92 53ab 84 1c53bb6b 53ac 88 000000000000012c",
    );
  });

  test("cues have the length that was told before", () => {
    for (const count of [0, 1, 100]) {
      const points = Array.from({ length: count }, (_, i) => ({
        ticks: i * 1e12,
        track: 1 + i,
        position: i * 1e10,
      }));
      assert.equal(cuesElement(points).length, cuesSize(count));
    }
    assertHex(
      cuesElement([{ ticks: 5, track: 2, position: 9 }]),
      "1c53bb6b 010000000000001c bb 9a b3 88 0000000000000005 b7 8e f7 82 0002 f1 88 0000000000000009",
    );
  });

  test("tags have size fields of one width, as KVS writes them", () => {
    assertHex(
      tagsElement([{ name: "A", value: "" }], { sizeWidth: 4 }),
      "1254c367 10000019 7373 10000013 67c8 1000000d 45a3 10000001 41 4487 10000000",
    );
  });

  test("tags with a CRC-32 pass the check and lose it when a byte changes", () => {
    const tags = tagsElement([{ name: "N", value: "äö" }], { crc: crc32, sizeWidth: 4 });
    const head = cat(ebmlHeader(), segmentHeader());
    const read = drain(new MkvReader(), [cat(head, tags)]);
    assert.deepEqual(read.list[1], { kind: "tags", at: 52, tags: [{ name: "N", value: "äö" }] });
    tags[tags.length - 1] = 0;
    assert.equal(drain(new MkvReader(), [cat(head, tags)]).fault, "mkv.bad-crc@52");
  });
});

suite("blocks and Clusters", () => {
  test("a SimpleBlock has its bytes in order and does not copy the payload", () => {
    const payload = hex("aabb");
    const block = simpleBlock({
      track: 1,
      relativeTicks: -2,
      key: true,
      payload: Rope.of(payload),
    });
    assertHex(block.toBytes(), "a3 86 81 fffe 80 aabb");
    assert.equal(block.parts.at(-1)?.buffer, payload.buffer);
    const wide = { track: 200, relativeTicks: 0x7fff, key: false, payload: Rope.EMPTY };
    assertHex(simpleBlock(wide).toBytes(), "a3 85 40c8 7fff 00");
    assert.throws(() => simpleBlock({ ...wide, relativeTicks: 0x8000 }), /^Error: bug/);
  });

  test("a Cluster header for blocks known by their CRC alone passes the check", () => {
    const blocks = Array.from({ length: 50 }, (_, i) =>
      simpleBlock({
        ...{ track: 1, relativeTicks: i, key: i === 0 },
        payload: Rope.of(new Uint8Array(i * 7).fill(i)),
      }).toBytes(),
    );
    const all = cat(...blocks);
    const track = { number: 1, type: "video", codecId: "V_X", encoding: "plain" } as const;
    const head = cat(ebmlHeader(), segmentHeader(), tracksElement([track]));
    for (const ticks of [0, 1_795_404_383_003, 2n ** 40n]) {
      const header = clusterHeader({ ticks, blocksBytes: all.length, blocksCrc: crc32(all) });
      assert.equal(header.length, CLUSTER_HEADER_BYTES);
      const { list, fault } = blocksOf(cat(head, header, all));
      assert.deepEqual([list.length, fault], [50, undefined]);
      const damaged = all.slice();
      damaged[damaged.length - 1] = 1;
      assert.equal(blocksOf(cat(head, header, damaged)).fault, `mkv.bad-crc@${head.length}`);
    }
    assertHex(
      clusterHeader({ ticks: 5, blocksBytes: 0, blocksCrc: 0 }).subarray(0, 14),
      "1f43b675 0100000000000010 bf84",
    );
  });
});
