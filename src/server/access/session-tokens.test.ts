import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { SessionTokens } from "./session-tokens.ts";

test("a token opens what it names until it ends, and nothing else", () => {
  const clock = new FakeClock();
  const tokens = new SessionTokens("secret", clock);
  const expiresMs = clock.now() + 1000;
  const claims = { purpose: "hls", stream: "cam", expiresMs, data: { mode: "LIVE" } };
  const token = tokens.issue(claims);
  assert.match(token, /^[\w.-]+$/);
  assert.deepEqual(tokens.read(token, "hls"), claims);
  assert.throws(() => tokens.read(token, "dash"), { code: "auth.denied" });
  assert.throws(() => tokens.read(undefined, "hls"), { code: "auth.required" });
  const [version, text, signature] = token.split(".");
  const other = Buffer.from(JSON.stringify({ ...claims, stream: "dog" })).toString("base64url");
  for (const bad of [`${version}.${other}.${signature}`, `${version}.${text}.`, `${text}`, "x.y.z"])
    assert.throws(() => tokens.read(bad, "hls"), { code: "auth.denied" });
  assert.throws(() => new SessionTokens("another", clock).read(token, "hls"), {
    code: "auth.denied",
  });
  clock.advance(1000);
  assert.throws(() => tokens.read(token, "hls"), { code: "auth.expired" });
});
