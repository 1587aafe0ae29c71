import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Rope } from "../../src/base/rope.ts";
import { micros } from "../../src/base/units.ts";
import { LiveFmp4Muxer } from "../../src/media/fmp4/live-muxer.ts";
import { PictureTimes } from "./picture-times.ts";

const TRACK = {
  ...{ number: 1, type: "video", codecId: "V_VP9", encoding: "plain" },
  video: { width: 320, height: 180 },
} as const;
const TRACKS = { tracks: [TRACK], timestampScaleNs: 1_000_000, tracksElement: new Uint8Array(0) };

/** Pictures at these ms, as the server writes them. */
function timesOf(list: readonly number[], offsetS = 0, joined = false): PictureTimes {
  const muxer = new LiveFmp4Muxer({ trackSet: TRACKS, originUs: 0 });
  const times = new PictureTimes();
  const chunks: Uint8Array[] = [];
  times.begin(muxer.init, offsetS);
  for (const [i, ms] of list.entries()) {
    const payload = Rope.of(Uint8Array.of(0x82, 0x49, 0x83));
    const chunk = muxer.add({ track: 1, timeUs: micros(ms * 1000), key: i === 0, payload });
    assert.ok(chunk);
    chunks.push(chunk.bytes);
    if (!joined) times.add(chunk.bytes);
  }
  if (joined) times.add(Rope.from(chunks).toBytes());
  return times;
}

/** ms, rounded. */
function ms(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

suite("PictureTimes", () => {
  test("knows the pictures beside the one shown at a time, however far apart they are", () => {
    const times = timesOf([0, 40, 55, 300, 340]);
    assert.equal(ms(times.start(0.2)), 55);
    assert.equal(ms(times.beside(0.2, 1)), 301);
    assert.equal(ms(times.beside(0.2, -1)), 41);
    assert.equal(ms(times.beside(0.301, -1)), 56);
    assert.equal(times.beside(0.34, 1), undefined);
    assert.equal(times.beside(0, -1), undefined);
    assert.equal(times.beside(-1, 1), undefined);
  });

  test("reads segments that came together", () => {
    const times = timesOf([0, 40, 55, 300, 340], 0, true);
    assert.deepEqual([ms(times.beside(0.2, 1)), ms(times.beside(0.2, -1))], [301, 41]);
  });

  test("counts from where the segment stands in the buffer, and each picture once", () => {
    const times = timesOf([0, 40, 0, 40, 80], 10);
    assert.equal(ms(times.start(10.05)), 10_040);
    assert.equal(ms(times.beside(10.05, 1)), 10_081);
    assert.equal(ms(times.beside(10.05, -1)), 10_001);
  });

  test("passes over what is no video, and what is no MP4", () => {
    const times = new PictureTimes();
    times.begin(Uint8Array.of(1, 2, 3), 0);
    for (const bytes of [[], [0, 0, 0, 1], [0, 0, 0, 9, 0x6d, 0x6f, 0x6f, 0x66, 1]])
      times.add(Uint8Array.from(bytes));
    assert.equal(times.start(5), undefined);
  });
});
