/** Limits on what anybody can cause: guesses, audit rows; and whose cookie counts. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { Fault } from "../../base/errors.ts";
import { openAccess } from "../../ingest/push-access.ts";
import { BoundedAudit } from "./bounded-audit.ts";
import { FailureLimit } from "./failure-limit.ts";
import { LimitedPushAccess } from "./key-push-access.ts";
import { cookieToken, isForeignPage, requireOwnPage, setCookie } from "./session-cookie.ts";

const denied = () => {
  throw new Fault("auth.denied", "no");
};

suite("limits of who is not known", () => {
  test("twenty failures, then one in two seconds; who brings nothing or has expired is not counted", () => {
    const clock = new FakeClock();
    const limit = new FailureLimit(clock);
    for (let i = 0; i < 20; i++)
      assert.throws(() => limit.guess("a", denied), { code: "auth.denied" });
    assert.throws(() => limit.guess("a", () => 1), { code: "auth.limited" });
    assert.equal(
      limit.guess("b", () => 1),
      1,
    );
    clock.advance(2000);
    assert.throws(() => limit.guess("a", denied), { code: "auth.denied" });
    assert.throws(() => limit.guess("a", denied), { code: "auth.limited" });
    for (const code of ["auth.required", "auth.expired"] as const)
      for (let i = 0; i < 30; i++)
        assert.throws(
          () =>
            limit.guess("c", () => {
              throw new Fault(code, "");
            }),
          { code },
        );
  });

  test("a /64 of IPv6 is one address, however it is written; IPv4 in IPv6 is not", () => {
    const limit = new FailureLimit(new FakeClock());
    for (let i = 0; i < 20; i++) limit.failed(`2001:db8::${i.toString(16)}`);
    for (const same of ["2001:db8:0:0:ffff::1", "2001:db8::5:6:7:8"])
      assert.throws(() => limit.check(same), { code: "auth.limited" });
    limit.check("2001:db8:0:1::1");
    for (let i = 0; i < 20; i++) limit.failed("::ffff:10.0.0.1");
    limit.check("::ffff:10.0.0.2");
  });

  test("the push key file alone is guarded the same way", () => {
    const file = { ...openAccess, check: denied };
    const access = new LimitedPushAccess(file, new FailureLimit(new FakeClock()));
    const from = { method: "", url: "", headers: {}, remoteAddress: "a" };
    for (let i = 0; i < 20; i++)
      assert.throws(() => access.check("cam", "x", from), { code: "auth.denied" });
    assert.throws(() => access.check("cam", "x", from), { code: "auth.limited" });
  });

  test("sixty audit rows of an action a minute, and how many there were besides", async () => {
    const clock = new FakeClock();
    const rows: { readonly action: string; readonly detail?: string }[] = [];
    const index = { addAudit: async (row: object) => void rows.push(row as never) };
    const audit = new BoundedAudit({ index, clock } as never);
    for (let i = 0; i < 100; i++) await audit.add({ action: "failed", who: "x", detail: "{}" });
    await audit.add({ action: "good", who: "x" });
    assert.equal(rows.length, 61);
    clock.advance(60_000);
    await audit.add({ action: "failed", who: "x", detail: "{}" });
    assert.equal(rows.at(-1)?.detail, "{} (40 more were not written down)");
  });
});

suite("the cookie of a sign-in", () => {
  test("is found among others, and set for this server alone", () => {
    assert.equal(cookieToken({ cookie: "a=b; streambank_session=ss1.x.y ; c=d" }), "ss1.x.y");
    assert.equal(cookieToken({ cookie: "xstreambank_session=1" }), undefined);
    assert.equal(cookieToken({}), undefined);
    const plain = setCookie("t", 60.9, false);
    assert.equal(plain, "streambank_session=t; Max-Age=60; Path=/; HttpOnly; SameSite=Strict");
    assert.equal(setCookie("t", 60, true), `${plain}; Secure`);
  });

  test("changes something, or opens a WebSocket, from a page of this server alone", () => {
    const host = "cams.example:8080";
    const own = [
      { "sec-fetch-site": "same-origin" },
      { origin: "http://cams.example:8080" },
      { origin: "https://cams.example:8080", "sec-fetch-site": "same-origin" },
    ];
    const foreign = [
      {},
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "none" },
      { origin: "http://cams.example:9090" },
      { origin: "null" },
      { origin: "http://cams.example:8080.evil.example" },
      { origin: "http://evil.example", "sec-fetch-site": "same-origin" },
    ];
    const ask = (method: string, headers: object) => () =>
      requireOwnPage({ method, url: "/", headers: { host, ...headers }, remoteAddress: "" });
    for (const headers of own) {
      ask("POST", headers)();
      ask("GET", { ...headers, upgrade: "websocket" })();
      assert.equal(isForeignPage({ host, ...headers }), false);
    }
    for (const headers of foreign) {
      assert.throws(ask("POST", headers), { code: "auth.denied" }, JSON.stringify(headers));
      assert.throws(ask("GET", { ...headers, upgrade: "websocket" }), { code: "auth.denied" });
      ask("GET", headers)();
      assert.equal(isForeignPage({ host, ...headers }), Object.keys(headers).length > 0);
    }
  });
});
