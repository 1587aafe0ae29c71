import assert from "node:assert/strict";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { CERTIFICATES } from "../../test/support/trust.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { Certificates } from "./tls.ts";

const [FIRST, SECOND] = CERTIFICATES;

function scene() {
  const dir = tempDir("tls");
  const [tlsCert, tlsKey] = [join(dir.path, "cert.pem"), join(dir.path, "key.pem")];
  const cert = (path: string) => copyFileSync(path, tlsCert);
  const key = (path: string) => copyFileSync(path, tlsKey);
  cert(FIRST.tlsCert);
  key(FIRST.tlsKey);
  const clock = new FakeClock();
  const said: string[] = [];
  const say: Logger["info"] = (event, fields) =>
    void said.push(`${event}${fields?.message === undefined ? "" : `: ${fields.message}`}`);
  const log: Logger = { info: say, warn: say, error: say, child: () => log };
  const given: string[] = [];
  const opened = Certificates.open({ tlsCert, tlsKey }, { clock, log });
  assert.ok(opened);
  opened.follow({ setSecureContext: ({ cert: text }) => void given.push(String(text)) });
  return { dir, tlsCert, tlsKey, cert, key, clock, said, given, opened };
}

suite("the certificate", () => {
  test("a new pair is taken when it has been the same for two looks, and given to every port", () => {
    const s = scene();
    using _ = s.dir;
    const first = s.opened.pair.cert;
    s.clock.advance(20_000);
    assert.deepEqual(s.given, [], "nothing new");
    s.cert(SECOND.tlsCert);
    s.clock.advance(5000);
    assert.equal(s.opened.pair.cert, first, "the key may still be written");
    s.key(SECOND.tlsKey);
    s.clock.advance(5000);
    assert.deepEqual(s.said, []);
    s.clock.advance(5000);
    assert.notEqual(s.opened.pair.cert, first);
    assert.deepEqual(s.given, [s.opened.pair.cert]);
    assert.deepEqual(s.said, ["tls.renewed"]);
    s.opened.close();
  });

  test("one that cannot be used is refused once, and the old one stays; a good one after it is taken", () => {
    const s = scene();
    using _ = s.dir;
    const first = s.opened.pair;
    const bad: (() => void)[] = [
      () => s.cert(SECOND.tlsCert),
      () => writeFileSync(s.tlsCert, "-----BEGIN CERTIFICATE-----\nnone\n"),
      () => rmSync(s.tlsKey),
    ];
    for (const [i, change] of bad.entries()) {
      change();
      s.clock.advance(60_000);
      assert.equal(s.opened.pair, first);
      assert.equal(s.said.length, i + 1, "said once for each");
      assert.match(s.said[i] ?? "", /^tls\.refused: ./);
    }
    assert.deepEqual(s.given, []);
    s.cert(SECOND.tlsCert);
    s.key(SECOND.tlsKey);
    s.clock.advance(10_000);
    assert.equal(s.said.at(-1), "tls.renewed");
    s.opened.close();
    // It ends in 2126.
    s.clock.advance(150 * 365 * 86_400_000);
    s.cert(FIRST.tlsCert);
    s.key(FIRST.tlsKey);
    s.opened.look();
    s.opened.look();
    assert.equal(s.said.at(-1), "tls.refused: it has expired");
  });

  test("at the start, one that cannot be used stops it", () => {
    const parts = { clock: new FakeClock(), log: silentLogger };
    const pair = { tlsCert: FIRST.tlsCert, tlsKey: SECOND.tlsKey };
    assert.throws(() => Certificates.open(pair, parts), { code: "config.bad" });
    assert.equal(Certificates.open({ tlsCert: undefined, tlsKey: undefined }, parts), undefined);
  });
});
