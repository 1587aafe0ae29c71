import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { everySplit } from "../../../test/support/chunks.ts";
import {
  blockBody,
  cat,
  el,
  inCluster,
  liveFile,
  simple,
  sizedFile,
  trackEntry,
} from "../../../test/support/mkv-build.ts";
import { MkvInspector, type MkvSummary } from "./inspect.ts";

function inspect(chunks: Iterable<Uint8Array>): MkvSummary {
  const inspector = new MkvInspector();
  for (const chunk of chunks) inspector.push(chunk);
  inspector.end();
  return inspector.summary();
}

const delta = (time: number) => simple(1, time, "aa", 0);
const input = sizedFile(
  inCluster(1000, simple(1, 0), simple(2, -10), delta(40), simple(2, 5, "02 aabbcc", 0x84)),
  inCluster(2000, simple(1, 0), delta(80), delta(40)),
);

suite("MkvInspector", () => {
  test("counts tracks, frames, key frames of the video, Clusters and time", () => {
    assert.deepEqual(inspect([input]), {
      tracks: [
        { number: 1, type: "video", codec: "V_TEST" },
        { number: 2, type: "audio", codec: "A_TEST" },
      ],
      frames: 9,
      framesPerTrack: { 1: 5, 2: 4 },
      keyframes: 2,
      fragments: 2,
      segments: 1,
      durationMs: 1090,
      error: null,
    });
  });

  test("counts the same however the bytes are split", () => {
    const whole = inspect([input]);
    for (const chunks of everySplit(input)) assert.deepEqual(inspect(chunks), whole);
  });

  test("counts key frames of all tracks when there is no video", () => {
    const group = el("a0", cat(el("a1", blockBody(2, 20, 0, "aa")), el("fb", "ff")));
    const audio = cat(
      liveFile().slice(0, 28),
      el("1654ae6b", trackEntry(2, 2)),
      el("1f43b675", inCluster(0, simple(2, 0), group)),
    );
    const { keyframes, frames } = inspect([audio]);
    assert.deepEqual([keyframes, frames], [2, 2]);
  });

  test("counts all Segments of a stream of several", () => {
    const { segments, fragments, frames } = inspect([cat(input, liveFile(inCluster(0, delta(0))))]);
    assert.deepEqual([segments, fragments, frames], [2, 3, 10]);
  });

  test("tells the first fault with its offset, and counts what came before it", () => {
    for (const cut of [input.length - 1, input.length - 3]) {
      const { error, frames, fragments } = inspect([input.slice(0, cut)]);
      assert.deepEqual(error, { code: "mkv.truncated", offset: input.length - delta(0).length });
      assert.deepEqual([frames, fragments], [8, 2]);
    }
  });

  test("says what is not Matroska, an empty input included", () => {
    const refused = { code: "mkv.not-matroska", offset: 0 };
    assert.deepEqual(inspect([cat("0000001c66747970")]).error, refused);
    assert.deepEqual(inspect([]).error, refused);
    assert.deepEqual(inspect([liveFile().slice(0, 16)]).error, refused);
  });

  test("keeps no media: a thousand large frames leave nothing behind", () => {
    const inspector = new MkvInspector();
    const block = simple(1, 0, new Uint8Array(100_000));
    inspector.push(cat(liveFile(inCluster(0))));
    for (let i = 0; i < 1000; i++) inspector.push(block);
    inspector.end();
    assert.equal(inspector.summary().frames, 1000);
    assert.equal(inspector.heldBytes, 0);
  });
});
