import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LastWords, redact, safeAddress } from "./reason.ts";

const SECRET = "p@ss/w?rd";
const addresses = [
  "rtsp://admin:hunter2@cam/live",
  "rtsp://admin:hunter2@cam/live?user=admin&password=hunter2",
  `rtsp://admin:${SECRET}@cam/live`,
  `rtsp://admin:${encodeURIComponent(SECRET)}@cam/live`,
];

suite("what is said of a source", () => {
  test("shows the address without user, password and query", () => {
    for (const address of addresses) assert.equal(safeAddress(address), "rtsp://cam/live");
    assert.equal(safeAddress("/dev/video0"), "/dev/video0");
    assert.equal(safeAddress("rtsp://cam:554/a"), "rtsp://cam:554/a");
  });

  test("never repeats a secret, however ffmpeg writes it", () => {
    for (const address of addresses) {
      const said = `${address}: bad; ${address.toUpperCase()} ; ${decodeURIComponent(address)} hunter2 ${SECRET} x`;
      const shown = redact(said, address);
      for (const secret of [address.includes("hunter2") ? "hunter2" : SECRET, "HUNTER2"])
        assert.ok(!shown.includes(secret), `${address}: ${shown}`);
    }
  });

  test("keeps the end of standard error and gives its last line, or better words", () => {
    const words = new LastWords("rtsp://a:hunter2@cam/");
    assert.equal(words.reason(), undefined);
    words.add(`${"noise\n".repeat(10_000)}[matroska @ 0x5] [x] Something odd hunt`);
    words.add("er2\n\n");
    assert.equal(words.reason(), "Something odd ***");
    words.add("[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized\n");
    assert.equal(words.reason(), "it refused the user name or the password (401)");
  });
});
