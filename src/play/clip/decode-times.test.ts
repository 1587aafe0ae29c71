import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../../test/support/random.ts";
import { wholeFragment } from "../../../test/support/whole-fragment.ts";
import { Rope } from "../../base/rope.ts";
import type { Mp4Track } from "../../media/fmp4/mp4-track.ts";
import { pressDecodeTimes } from "./decode-times.ts";

function media(id: number, timescale: number): Mp4Track {
  const track = { number: id, type: "video", codecId: "V_VP9", encoding: "plain" } as const;
  const shift = { reorderTicks: 0, delayTicks: 0 };
  return { track, id, timescale, entries: [], ...shift, samplesOf: () => undefined };
}

/** Decode and presentation time of every sample, in ticks, by track. Reads boxes by their sizes. */
function times(bytes: Uint8Array): { decoded: number[]; shown: number[]; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const out = [];
  for (let traf = 24; traf < view.getUint32(0); traf += view.getUint32(traf)) {
    const tfdt = traf + 8 + view.getUint32(traf + 8);
    const trun = tfdt + view.getUint32(tfdt);
    let at = Number(view.getBigUint64(tfdt + 12));
    const [decoded, shown] = [[] as number[], [] as number[]];
    for (let i = 0; i < view.getUint32(trun + 12); i++) {
      decoded.push(at);
      shown.push(at + view.getInt32(trun + 20 + 16 * i + 12));
      at += view.getUint32(trun + 20 + 16 * i);
    }
    out.push({ decoded, shown, end: at });
  }
  return out;
}

function fragment(seed: number): Uint8Array {
  const next = random(seed);
  const order = [0, 3, 1, 2, 6, 4, 5, 7];
  const tracks = [media(1, 1_000_000), media(2, 1000)].map((one) => ({
    media: one,
    frames: order.map((place) => ({
      timeUs: 5_000_000 + place * 40_000,
      key: place === 0,
      payload: Rope.of(new Uint8Array(1 + Math.floor(next() * 9))),
    })),
  }));
  return wholeFragment({
    sequence: 1,
    tracks,
    baseUs: 1_000_000,
    endUs: 5_320_000,
    maxSampleUs: 6e7,
  });
}

suite("pressDecodeTimes", () => {
  test("ends decoding by the limit, keeps its order, and changes no presentation time", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const bytes = fragment(seed);
      const before = times(bytes);
      const limitMs = 4000 + Math.floor(random(seed)() * 340);
      pressDecodeTimes(bytes, (id) => (id === 1 ? limitMs * 1000 : limitMs));
      for (const [i, { decoded, shown, end }] of times(bytes).entries()) {
        const scale = i === 0 ? 1000 : 1;
        assert.deepEqual(shown, before[i]?.shown, `seed ${seed}`);
        assert.equal(decoded[0], before[i]?.decoded[0]);
        assert.ok(end <= limitMs * scale || end === before[i]?.end, `seed ${seed}: ${end}`);
        const apart = limitMs - 4000 >= decoded.length ? 1 : 0;
        for (let k = 1; k < decoded.length; k++)
          assert.ok((decoded[k] ?? 0) - (decoded[k - 1] ?? 0) >= apart, `seed ${seed}`);
      }
    }
  });

  test("leaves a fragment alone that ends in time", () => {
    const bytes = fragment(1);
    pressDecodeTimes(bytes, (id) => (id === 1 ? 4_320_000 : 4320));
    assert.deepEqual(bytes, fragment(1));
  });
});
