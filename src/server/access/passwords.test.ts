import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Passwords } from "./passwords.ts";

const CHEAP = { N: 2, r: 1, p: 1 };

suite("passwords", () => {
  test("the same one is right, another is not, nobody's is not; two hashes of one differ", async () => {
    const passwords = new Passwords(CHEAP);
    const kept = await passwords.hash("correct horse", "a");
    assert.match(kept, /^scrypt\$2\$1\$1\$/);
    assert.ok(!kept.includes("horse"));
    assert.equal(await passwords.isRight("correct horse", kept, "a"), true);
    assert.equal(await passwords.isRight("correct horsf", kept, "a"), false);
    assert.equal(await passwords.isRight("correct horse", undefined, "a"), false);
    assert.notEqual(await passwords.hash("correct horse", "a"), kept);
    // é as one code point and as two.
    const accent = await passwords.hash("caf\u00e9 caf\u00e9", "a");
    assert.equal(await passwords.isRight("cafe\u0301 cafe\u0301", accent, "a"), true);
  });

  test("what was made at another cost is still checked at that cost", async () => {
    const kept = await new Passwords({ N: 16, r: 2, p: 2 }).hash("correct horse", "a");
    assert.equal(await new Passwords(CHEAP).isRight("correct horse", kept, "a"), true);
  });

  test("one address has three turns at once, all have twenty; more are refused at once", async () => {
    const passwords = new Passwords(CHEAP);
    const kept = await passwords.hash("correct horse", "x");
    const ask = (address: string) => passwords.isRight("wrong", kept, address);
    const three = [ask("a"), ask("a"), ask("a")];
    await assert.rejects(ask("a"), { code: "auth.limited" });
    const rest = Array.from({ length: 17 }, (_, i) => ask(`b${i}`));
    await assert.rejects(ask("c"), { code: "request.busy" });
    assert.ok((await Promise.all([...three, ...rest])).every((right) => !right));
    assert.equal(await ask("a"), false, "and there is room again");
  });
});
