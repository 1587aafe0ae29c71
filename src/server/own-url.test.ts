import assert from "node:assert/strict";
import { test } from "node:test";
import { ownUrl } from "./own-url.ts";

test("a client is told where it came to: with the port when it names none, or the public address", () => {
  const at = (host: string | undefined, over: object = {}) =>
    ownUrl(
      {
        headers: host === undefined ? {} : { host },
        socket: { localAddress: "10.0.0.5", localPort: 8080, ...over },
      },
      { publicUrl: undefined },
    );
  assert.equal(at("127.0.0.1"), "http://127.0.0.1:8080");
  assert.equal(at("cam.example.org:9000"), "http://cam.example.org:9000");
  assert.equal(at("[::1]"), "http://[::1]:8080");
  assert.equal(at("cam", { localPort: 80 }), "http://cam");
  assert.equal(at("cam", { localPort: 443, encrypted: true }), "https://cam");
  assert.equal(at("cam", { encrypted: true }), "https://cam:8080");
  // What is no host is not repeated.
  for (const bad of [undefined, "", "a b", "x/../y", "user@host", "host:"])
    assert.equal(at(bad), "http://10.0.0.5:8080");
  assert.equal(at(undefined, { localAddress: "::1" }), "http://[::1]:8080");
  const socket = { localAddress: "127.0.0.1", localPort: 8080 };
  const publicUrl = "https://cam.example.org";
  assert.equal(ownUrl({ headers: { host: "127.0.0.1" }, socket }, { publicUrl }), publicUrl);
});
