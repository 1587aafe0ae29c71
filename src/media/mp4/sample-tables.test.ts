import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Mp4Box, readBoxes } from "../../../test/support/mp4-boxes.ts";
import { type MovieTrack, movieHead } from "./movie.ts";
import { runs, sampleTables, type TableContent } from "./sample-tables.ts";

const CONTENT: TableContent = {
  entries: [Uint8Array.of(0, 0, 0, 8, 0x66, 0x61, 0x6b, 0x65)],
  ...{ durations: [[4, 10]], offsets: [0, 0, 20, 20], sizes: [5, 6, 7, 8], sync: [1, 3] },
  chunks: [
    { at: 0, samples: 1, entry: 1 },
    { at: 50, samples: 1, entry: 1 },
    { at: 60, samples: 2, entry: 1 },
  ],
};

const TRACK: MovieTrack = {
  track: { number: 7, type: "video", codecId: "V_TEST", encoding: "plain" },
  ...{ id: 1, timescale: 1000, tables: CONTENT, mediaTicks: 40 },
  ...{ emptyTicks: 0, startTicks: 0, shownTicks: 40 },
};

/** The first of its type, wherever it is. */
function oneBox(boxes: readonly Mp4Box[], type: string): Mp4Box {
  const search = (list: readonly Mp4Box[]): Mp4Box | undefined => {
    for (const box of list) {
      const found = box.type === type ? box : search(box.children);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = search(boxes);
  assert.ok(found, `no ${type}`);
  return found;
}

/** The 32-bit numbers of a box behind its version and flags. */
function numbers(box: Mp4Box): number[] {
  const out: number[] = [];
  for (let at = 4; at + 4 <= box.body.length; at += 4) out.push(box.body.readUInt32BE(at));
  return out;
}

suite("sampleTables", () => {
  test("says where, how long and how large every sample is", () => {
    const boxes = readBoxes(sampleTables(CONTENT, { mediaAt: 1000, wide: false }));
    const of = (type: string) => numbers(oneBox(boxes, type));
    assert.deepEqual(of("stts"), [1, 4, 10]);
    assert.deepEqual(of("ctts"), [2, 2, 0, 2, 20]);
    assert.deepEqual(of("stss"), [2, 1, 3]);
    assert.deepEqual(of("stsc"), [2, 1, 1, 1, 3, 2, 1]);
    assert.deepEqual(of("stsz"), [0, 4, 5, 6, 7, 8]);
    assert.deepEqual(of("stco"), [3, 1000, 1050, 1060]);
  });

  test("leaves out what says nothing, and gives one size for all", () => {
    const plain = { ...CONTENT, offsets: [], sync: undefined, sizes: { each: 2, count: 4 } };
    const boxes = readBoxes(sampleTables(plain, { mediaAt: 0, wide: false }));
    const types = boxes[0]?.children.map(({ type }) => type);
    assert.deepEqual(types, ["stsd", "stts", "stsc", "stsz", "stco"]);
    assert.deepEqual(numbers(oneBox(boxes, "stsz")), [2, 4]);
  });

  test("puts equal neighbours together", () => {
    assert.deepEqual(runs([3, 3, 1, 3]), [
      [2, 3],
      [1, 1],
      [1, 3],
    ]);
    assert.deepEqual(runs([]), []);
  });
});

suite("movieHead", () => {
  test("has offsets of 64 bits where the file is longer than 4 GB, and only there", () => {
    const bytes = 5 * 2 ** 30;
    const long = movieHead([TRACK], bytes);
    assert.equal(Number(Buffer.from(long).readBigUInt64BE(long.length - 8)), bytes + 16);
    const boxes = readBoxes(long.subarray(0, long.length - 16));
    const co64 = oneBox(boxes, "co64").body;
    assert.equal(Number(co64.readBigUInt64BE(8)), long.length);
    assert.equal(Number(co64.readBigUInt64BE(24)), long.length + 60);
    const short = movieHead([TRACK], 100);
    const types = readBoxes(short.subarray(0, short.length - 16));
    assert.equal(numbers(oneBox(types, "stco"))[1], short.length);
  });

  test("has an edit list where media is not shown from its start at once", () => {
    const late = { ...TRACK, emptyTicks: 500, startTicks: 3, shownTicks: 30 };
    const head = movieHead([late], 100);
    const elst = oneBox(readBoxes(head.subarray(0, head.length - 16)), "elst").body;
    assert.equal(elst.readUInt32BE(4), 2);
    assert.equal(Number(elst.readBigUInt64BE(8)), 500_000);
    assert.equal(Number(elst.readBigInt64BE(16)), -1);
    assert.equal(Number(elst.readBigUInt64BE(28)), 30_000);
    assert.equal(Number(elst.readBigInt64BE(36)), 3);
    const none = movieHead([TRACK], 100);
    assert.throws(() => oneBox(readBoxes(none.subarray(0, none.length - 16)), "elst"));
  });
});
