import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { pagePath, pagePolicy } from "./page-policy.ts";

const html = { type: "text/html; charset=utf-8", sample: false };
const alone = { framers: "'self'", otherNodes: false, publicUrl: undefined };

suite("what pages may do", () => {
  test("a page has scripts of this server's files alone, and speaks to this server", () => {
    const policy = pagePolicy(html, alone);
    const of = (name: string) => policy.split("; ").find((one) => one.startsWith(name));
    assert.equal(of("default-src"), "default-src 'self'");
    assert.equal(of("script-src"), undefined, "as the default: no inline script, no eval");
    assert.equal(of("connect-src"), "connect-src 'self'");
    assert.equal(of("frame-ancestors"), "frame-ancestors 'self'");
  });

  test("to other nodes where there are any, and to the name producers are sent to", () => {
    assert.match(
      pagePolicy(html, { ...alone, otherNodes: true }),
      /connect-src 'self' http: https: ws: wss:;/,
    );
    const proxied = pagePolicy(html, { ...alone, publicUrl: "https://cam.example" });
    assert.match(proxied, /connect-src 'self' https:\/\/cam\.example wss:\/\/cam\.example;/);
  });

  test("what is no page of ours only says who may frame it", () => {
    assert.equal(pagePolicy({ ...html, sample: true }, alone), "frame-ancestors 'self'");
    assert.equal(pagePolicy({ type: "text/css", sample: false }, alone), "frame-ancestors 'self'");
  });

  test("an address of the time when the player was at / still leads to it", () => {
    assert.deepEqual(
      ["/", "/?stream=door", "/?token=ss1.x", "/watch?x", "/player/page.css?1"].map(pagePath),
      ["/", "/watch", "/watch", "/watch", "/player/page.css"],
    );
  });
});
