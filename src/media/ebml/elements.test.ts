import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { elementById, elements, endsUnknownSize } from "./elements.ts";
import { isReservedId, vintWidth } from "./vint.ts";

const ids = Object.values(elements).map((spec) => spec.id);

suite("element table", () => {
  test("every id is a well-formed EBML id and occurs once", () => {
    for (const [name, { id }] of Object.entries(elements)) {
      const text = id
        .toString(16)
        .padStart(id.toString(16).length + (id.toString(16).length % 2), "0");
      const width = text.length / 2;
      assert.equal(vintWidth(Number.parseInt(text.slice(0, 2), 16)), width, name);
      assert.equal(isReservedId(id, width), false, name);
    }
    assert.equal(new Set(ids).size, ids.length);
  });

  // RFC 9559 §5.1, one of each level and type.
  test("ids lead to the names and types of the RFC", () => {
    const rows = [0x1a45dfa3, 0x18538067, 0x4489, 0x4461, 0xfb, 0x536e, 0x4282, 0xa3].map(
      elementById,
    );
    assert.deepEqual(
      rows.map((row) => `${row?.name} ${row?.type}`),
      [
        ...["EBML master", "Segment master", "Duration float", "DateUTC date"],
        ...["ReferenceBlock int", "Name utf8", "DocType string", "SimpleBlock binary"],
      ],
    );
    assert.equal(elementById(0x4f4f), undefined);
  });

  test("an open Cluster is ended by its siblings and their parents, an open Segment by parents only", () => {
    const { Cluster, Segment, Cues, Tags, EBML, SimpleBlock, Void, CRC32 } = elements;
    const ends = (open: { id: number }) =>
      [EBML, Segment, Cluster, Cues, Tags, SimpleBlock, Void, CRC32].map((next) =>
        endsUnknownSize(open.id, next.id),
      );
    assert.deepEqual(ends(Cluster), [true, true, true, true, true, false, false, false]);
    assert.deepEqual(ends(Segment), [true, true, false, false, false, false, false, false]);
  });
});
