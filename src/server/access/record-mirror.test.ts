import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RecordMirror } from "./record-mirror.ts";

function scene() {
  const rows = new Map<string, string>();
  let before: () => void = () => {};
  const index = {
    async records(kind: string, after: string, limit: number) {
      const page = [...rows].filter(([id]) => id > after).sort();
      const found = page.slice(0, limit).map(([id, body]) => ({ kind, id, body, version: 1 }));
      before();
      return found;
    },
  };
  const meanwhile = (run: () => void) => {
    before = run;
  };
  const mirror = new RecordMirror<string>({ index, kind: "k", parse: (_, body) => body });
  return { rows, mirror, meanwhile };
}

suite("records in memory", () => {
  test("all pages are read, what has gone goes", async () => {
    const { rows, mirror } = scene();
    for (let i = 0; i < 1200; i++) rows.set(String(i).padStart(4, "0"), "a");
    await mirror.read();
    assert.equal(mirror.size, 1200);
    rows.delete("0007");
    await mirror.read();
    assert.equal(mirror.get("0007"), undefined);
    assert.equal(mirror.size, 1199);
  });

  test("a change while they are being read counts: one removed does not come back, one made stays", async () => {
    const { rows, mirror, meanwhile } = scene();
    rows.set("a", "1");
    await mirror.read();
    // The page was read before both.
    meanwhile(() => {
      mirror.delete("a");
      mirror.set("b", "2");
    });
    await mirror.read();
    assert.equal(mirror.get("a"), undefined);
    assert.equal(mirror.get("b"), "2");
    meanwhile(() => {});
    await mirror.read();
    assert.equal(mirror.get("b"), undefined, "the index has the last word");
  });
});
