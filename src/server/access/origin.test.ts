import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readConfig } from "../config.ts";
import { OriginRules } from "./origin.ts";

function rules(flags: Record<string, string> = {}, nodes: readonly string[] = []) {
  const made = new OriginRules(readConfig({ flags, env: {} }), () => nodes);
  const passes = (run: () => unknown) => {
    try {
      run();
      return true;
    } catch (error) {
      assert.match((error as { code: string }).code, /^request\.foreign-/);
      return false;
    }
  };
  return {
    made,
    host: (host: string | undefined) =>
      passes(() => made.checkHost(host === undefined ? {} : { host })),
    page: (origin: string, host = "127.0.0.1:8080", method = "POST") =>
      passes(() => made.checkPage(method, { origin, host })),
    passes,
  };
}

suite("pages of other sites", () => {
  test("on loopback, only names that mean this machine and those of the settings are answered", () => {
    const { host } = rules();
    for (const good of [
      "127.0.0.1:8080",
      "localhost",
      "LOCALHOST:80",
      "[::1]:8080",
      "a.localhost",
      "10.0.0.1",
    ])
      assert.ok(host(good), good);
    assert.ok(host(undefined));
    for (const bad of [
      "evil.example",
      "127.0.0.1.evil.example:8080",
      "localhost.evil.example",
      "1.2",
    ])
      assert.ok(!host(bad), bad);
    const named = rules({
      "public-url": "https://cam.example",
      "allowed-hosts": "Door.lan,[fd00::1]",
    });
    for (const good of ["cam.example", "cam.example:443", "door.lan:8080"])
      assert.ok(named.host(good));
    assert.ok(!named.host("evil.example"));
    assert.ok(rules({ host: "0.0.0.0" }).host("any.example"), "beyond loopback there are too many");
    assert.ok(!rules({ host: "0.0.0.0", "allowed-hosts": "door.lan" }).host("any.example"));
  });

  test("what changes something comes from own pages, listed ones, and programs", () => {
    const { page, made, passes } = rules({ "cors-origins": "https://wall.example" });
    assert.ok(page("http://127.0.0.1:8080"));
    assert.ok(page("https://wall.example"));
    assert.ok(page("https://cam.example", "cam.example"), "a proxy that adds TLS");
    for (const bad of [
      "http://evil.example",
      "http://127.0.0.1:9",
      "null",
      "https://wall.example.evil.example",
      "https://wall.example:8443",
      "file://",
      "",
    ])
      assert.ok(!page(bad), bad);
    assert.ok(page("http://evil.example", undefined, "GET"), "reading is CORS's business");
    const upgrade = { origin: "http://evil.example", host: "127.0.0.1:8080", upgrade: "websocket" };
    assert.ok(!passes(() => made.checkPage("GET", upgrade)));
    assert.ok(passes(() => made.checkPage("POST", { host: "x" })));
    assert.ok(!passes(() => made.checkPage("POST", { "sec-fetch-site": "cross-site" })));
  });

  test("a page of one node may use the others, also by the port that all share", () => {
    const nodes = ["http://10.0.0.1:5001", "http://10.0.0.2:5002"];
    const { page } = rules({ "shared-http-port": "9000" }, nodes);
    assert.ok(page("http://10.0.0.1:5001", "10.0.0.2:5002"));
    assert.ok(page("http://10.0.0.1:9000", "10.0.0.2:5002"));
    assert.ok(!page("http://10.0.0.3:9000", "10.0.0.2:5002"));
    assert.ok(!page("http://10.0.0.1:9001", "10.0.0.2:5002"));
  });

  test("only listed pages may read, and none for everybody with credentials", () => {
    const headers = (origin: string, list: string) =>
      rules({ "cors-origins": list }).made.headersFor({ origin, host: "127.0.0.1:8080" });
    const listed = headers("https://wall.example", "https://wall.example,https://b.example");
    assert.equal(listed["access-control-allow-origin"], "https://wall.example");
    assert.equal(listed["access-control-allow-credentials"], "true");
    assert.equal(listed.vary, "Origin");
    for (const list of ["", "https://wall.example"]) {
      const other = headers("https://evil.example", list);
      assert.equal(other["access-control-allow-origin"], undefined);
      assert.equal(other["access-control-allow-credentials"], undefined);
      assert.equal(other.vary, "Origin");
    }
    const all = headers("https://evil.example", "*");
    assert.equal(all["access-control-allow-origin"], "*");
    assert.equal(all["access-control-allow-credentials"], undefined);
    const { page } = rules({ "cors-origins": "*" });
    assert.ok(!page("https://evil.example"), "everybody may read, not change");
  });
});
