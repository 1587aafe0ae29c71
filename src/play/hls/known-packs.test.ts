import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeReader, scatter } from "../../../test/support/fake-reader.ts";
import { KnownPacks } from "./known-packs.ts";

suite("KnownPacks", () => {
  test("finds a fragment again by one list, and not what was deleted since", async () => {
    const reader = new FakeReader({ perPack: 4 });
    const stored = reader.addAll("cam", scatter(1, 20));
    const walk = { reader, stream: "cam" };
    const known = new KnownPacks();
    for (const one of stored)
      assert.equal((await known.fragmentAt(walk, one.info.number)).blocksOffset, one.blocksOffset);
    const before = reader.lists;
    const [first] = stored;
    assert.ok(first);
    assert.equal((await known.fragmentAt(walk, first.info.number)).packId, first.packId);
    assert.equal(reader.lists, before + 1);
    reader.remove(first.packId);
    await assert.rejects(known.fragmentAt(walk, first.info.number), { code: "request.no-media" });
    // Of another stream it is not known, whatever its number.
    const other = { reader, stream: "dog" };
    await assert.rejects(known.fragmentAt(other, stored.at(-1)?.info.number ?? first.info.number));
  });
});
