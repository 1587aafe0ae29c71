import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { NodeAuth } from "./node-auth.ts";

const NOW = 1_790_000_000_000;
const request = { method: "GET", path: "/internal/packs/cam/1", range: "bytes=0-9" };

suite("requests between nodes", () => {
  test("are let in when they are signed with the same secret", () => {
    const [a, b] = [
      new NodeAuth("secret of the nodes", "a"),
      new NodeAuth("secret of the nodes", "b"),
    ];
    assert.equal(b.check(request, a.header(request, NOW), NOW + 1000), "a");
  });

  test("and not with another, for something else, without, or long after", () => {
    const auth = new NodeAuth("secret of the nodes", "a");
    const header = auth.header(request, NOW);
    const other = new NodeAuth("another secret", "a").header(request, NOW);
    assert.throws(() => auth.check(request, other, NOW), { code: "auth.denied" });
    for (const changed of [
      { path: "/internal/packs/cam/2" },
      { range: "bytes=0-99" },
      { method: "POST" },
    ])
      assert.throws(() => auth.check({ ...request, ...changed }, header, NOW), {
        code: "auth.denied",
      });
    assert.throws(() => auth.check(request, header.replace(" a ", " b "), NOW), {
      code: "auth.denied",
    });
    assert.throws(() => auth.check(request, undefined, NOW), { code: "auth.required" });
    assert.throws(() => auth.check(request, "Bearer abc", NOW), { code: "auth.required" });
    assert.throws(() => auth.check(request, header, NOW + 300_001), { code: "auth.expired" });
  });
});
