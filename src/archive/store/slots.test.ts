import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Slots } from "./slots.ts";

/** Work that ends when it is told, and says when it has begun. */
function works(slots: Slots) {
  const began: string[] = [];
  const start = (name: string, signal?: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const run = async () => {
      began.push(name);
      return promise;
    };
    return { end: () => resolve(name), fail: reject, done: slots.run(run, signal) };
  };
  return { began, start };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

suite("Slots", () => {
  test("runs so many at once and the others in their order", async () => {
    const { began, start } = works(new Slots(2));
    const [a, b, c, d] = [start("a"), start("b"), start("c"), start("d")];
    await settled();
    assert.deepEqual(began, ["a", "b"]);
    b.end();
    await settled();
    assert.deepEqual(began, ["a", "b", "c"]);
    a.fail(new Error("broken"));
    await assert.rejects(a.done, /broken/);
    await settled();
    assert.deepEqual(began, ["a", "b", "c", "d"]);
    c.end();
    d.end();
    assert.deepEqual(await Promise.all([b.done, c.done, d.done]), ["b", "c", "d"]);
  });

  test("one who leaves while waiting is forgotten and takes no slot", async () => {
    const { began, start } = works(new Slots(1));
    const leaving = new AbortController();
    const [a, b, c] = [start("a"), start("b", leaving.signal), start("c")];
    await settled();
    leaving.abort(new Error("left"));
    await assert.rejects(b.done, /left/);
    a.end();
    await settled();
    assert.deepEqual(began, ["a", "c"]);
    c.end();
    await c.done;
    const last = start("last");
    last.end();
    assert.equal(await last.done, "last");
  });
});
