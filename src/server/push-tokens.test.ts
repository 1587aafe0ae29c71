import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { PushTokens, readSecret } from "./push-tokens.ts";

const SECRET = "a-long-enough-secret";

function setUp() {
  const clock = new FakeClock();
  return { clock, tokens: new PushTokens(SECRET, clock) };
}

suite("push tokens", () => {
  test("the secret itself allows everything, for ever", () => {
    const { tokens } = setUp();
    assert.deepEqual(tokens.check("cam", SECRET), { expiresMs: undefined });
  });

  test("a token allows its stream, or all that begin alike, until its end", () => {
    const { tokens, clock } = setUp();
    const end = clock.now() + 1000;
    assert.deepEqual(tokens.check("cam", tokens.issue("cam", end)), {
      ...{ expiresMs: end, who: "token:cam" },
    });
    assert.deepEqual(tokens.check("cam-7", tokens.issue("cam-*", end)), { expiresMs: end });
    for (const [stream, of] of [
      ["cam2", "cam"],
      ["ca", "cam"],
      ["door", "cam-*"],
    ] as const)
      assert.throws(() => tokens.check(stream, tokens.issue(of, end)), { code: "auth.denied" });
    clock.advance(1000);
    assert.throws(() => tokens.check("cam", tokens.issue("cam", end)), { code: "auth.expired" });
  });

  test("what is missing, wrong, forged or of another secret is refused", () => {
    const { tokens, clock } = setUp();
    const end = clock.now() + 1000;
    const good = tokens.issue("cam", end);
    const [version, , signature] = good.split(".");
    const claims = Buffer.from(JSON.stringify({ stream: "*", expiresMs: 9e15 }));
    const forged = `${version}.${claims.toString("base64url")}.${signature}`;
    const other = new PushTokens("another-long-secret", clock).issue("cam", end);
    for (const none of [undefined, ""])
      assert.throws(() => tokens.check("cam", none), { code: "auth.required" });
    for (const bad of ["x", SECRET.slice(1), `${good}.`, good.slice(0, -1), forged, other, ".."])
      assert.throws(() => tokens.check("cam", bad), { code: "auth.denied" });
  });

  test("a secret too short, or a file that is not there, stops the start without repeating it", () => {
    using dir = tempDir("secret");
    const path = join(dir.path, "key");
    assert.throws(() => readSecret(path), { code: "config.bad" });
    writeFileSync(path, "short\n");
    assert.throws(
      () => readSecret(path),
      (error: Error) => !/short/.test(error.message),
    );
    writeFileSync(path, ` ${SECRET}\n`);
    assert.equal(readSecret(path), SECRET);
  });
});
