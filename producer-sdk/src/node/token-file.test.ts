import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { setUp } from "../../../test/support/producer.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { tokenFile, tokenOf } from "./token-file.ts";

const token = (claims: object) =>
  `sb1.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

suite("the token in a file", () => {
  test("a push token says when it ends; a secret, and what only looks like a token, do not", () => {
    const good = token({ stream: "door", expiresMs: 1_700_000_060_000 });
    assert.deepEqual(tokenOf(good), { token: good, expiresMs: 1_700_000_060_000 });
    const odd = [
      ...["a-secret-of-an-operator", "", "sb1", "sb1.%%%.x", "sb1.bnVsbA.x", "sb2.e30.x"],
      ...[token({}), token({ expiresMs: "soon" }), token({ expiresMs: null })],
    ];
    for (const text of odd) assert.deepEqual(tokenOf(text), { token: text });
  });

  test("is read anew before it ends, and told on the open connection", async () => {
    using dir = tempDir("token-file");
    const path = join(dir.path, "token");
    const { clock, link, links, producer } = setUp({ token: tokenFile(path) });
    const [first, second] = [20_000, 60_000].map((ms) =>
      token({ stream: "a b", expiresMs: clock.now() + ms }),
    );
    writeFileSync(path, `${first}\n`);
    link().handlers.opened();
    while (!producer.stats.connected) await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(path, `${second}\n`);
    clock.advance(14_999);
    assert.equal(link().texts.length, 1);
    clock.advance(1);
    while (link().texts.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      link().texts.map((text) => JSON.parse(text).token),
      [first, second],
    );
    assert.equal(links.length, 1);
  });
});
