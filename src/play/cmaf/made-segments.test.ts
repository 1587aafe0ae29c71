import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FakeReader, fragmentsOfFile } from "../../../test/support/fake-reader.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import { MadeSegments } from "./made-segments.ts";

const file = readFileSync(join(import.meta.dirname, "../../../samples/camera.mkv"));

function archive(): { reader: FakeReader; stored: StoredFragment[] } {
  const reader = new FakeReader();
  return { reader, stored: reader.addAll("cam", fragmentsOfFile(file).slice(0, 3)) };
}

/** `moof` and `mdat`, whole. */
function boxes(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = view.getUint32(at);
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short;
    found.push(Buffer.from(bytes.subarray(at + 4, at + 8)).toString());
    at += size;
    assert.ok(at <= bytes.length, "a box is longer than the segment");
  }
  return found;
}

suite("MadeSegments", () => {
  test("reads once for picture, sound and all who ask at once; and for who comes later", async () => {
    const { reader, stored } = archive();
    const made = new MadeSegments(reader);
    const [, one] = stored;
    assert.ok(one);
    const [v, again, a] = await Promise.all([
      made.get(one, "v"),
      made.get(one, "v"),
      made.get(one, "a"),
    ]);
    assert.equal(v, again);
    assert.deepEqual(
      [boxes(v), boxes(a)],
      [
        ["moof", "mdat"],
        ["moof", "mdat"],
      ],
    );
    assert.equal(await made.get(one, "a"), a);
    assert.equal(reader.reads, 1);
  });

  test("gives the same bytes whatever lies in front of a fragment, kept or made anew", async () => {
    const { reader, stored } = archive();
    const [kept, anew] = [new MadeSegments(reader), new MadeSegments(reader, 0)];
    for (const one of stored)
      for (const rendition of ["v", "a", "av"] as const) {
        const bytes = Buffer.from(await kept.get(one, rendition));
        assert.deepEqual(Buffer.from(await anew.get(one, rendition)), bytes);
        // As the first of a pack there is no room in front of it for the head.
        const alone = new FakeReader();
        const [first] = alone.addAll(
          "cam",
          fragmentsOfFile(file).filter(
            ({ info }) => info.number.sequence === one.info.number.sequence,
          ),
        );
        assert.ok(first && first.blocksOffset < one.blocksOffset + 1);
        assert.deepEqual(Buffer.from(await new MadeSegments(alone).get(first, rendition)), bytes);
      }
  });

  test("makes anew what could not be made", async () => {
    const { reader, stored } = archive();
    const [one] = stored;
    assert.ok(one);
    const unknown = { ...one, trackSetId: "none" };
    const made = new MadeSegments(reader);
    await assert.rejects(made.get(unknown, "v"));
    const reads = reader.reads;
    assert.ok((await made.get(one, "v")).length > 0);
    assert.equal(reader.reads, reads + 1);
  });
});
