import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { everySplit } from "../../../test/support/chunks.ts";
import { RedirectWatch } from "./redirect-watch.ts";

/** What is let through; undefined in the list: it was a redirection. */
function through(pieces: Iterable<Uint8Array>): { text: string; cut: boolean } {
  const watch = new RedirectWatch();
  let text = "";
  for (const piece of pieces) {
    const out = watch.push(piece);
    if (out === undefined) return { text, cut: true };
    text += Buffer.from(out).toString("latin1");
  }
  return { text, cut: false };
}

const GOOD = "RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n$\0\0\x04RTSPRTSP/x\n 302\nRTSP/1.0 404 No\r\n";

suite("RedirectWatch", () => {
  test("lets everything else through as it came, however it is split", () => {
    const bytes = Buffer.from(GOOD, "latin1");
    for (const pieces of everySplit(bytes))
      assert.deepEqual(through(pieces), { text: GOOD, cut: false });
  });

  test("cuts every spelling that ffmpeg takes for a redirection, and lets nothing of it through", () => {
    for (const line of [
      "RTSP/1.0 302 Moved",
      "RTSP/1.0 301",
      "RTSP/2.0 305 x",
      "RTSP/ 399 x",
      "RTSP/1.0\t \t+302 x",
      "RTSP/1.0 000302 x",
      `RTSP/${"x".repeat(3000)} 302 x`,
    ])
      for (const before of ["", GOOD]) {
        const bytes = Buffer.from(
          `${before}${line}\r\nLocation: rtsp://elsewhere/\r\n\r\n`,
          "latin1",
        );
        const splits = line.length < 100 ? everySplit(bytes) : [[bytes]];
        for (const pieces of splits) {
          const { text, cut } = through(pieces);
          assert.ok(cut, JSON.stringify(line));
          assert.ok(before.startsWith(text), text);
        }
      }
  });

  test("waits for a line that long, and no longer", () => {
    const watch = new RedirectWatch();
    const first = watch.push(Buffer.from("RTSP/"));
    const more = watch.push(Buffer.alloc(4095, 0x78));
    assert.deepEqual([first?.length, more?.length], [0, 4100]);
  });
});
