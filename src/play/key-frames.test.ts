import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FAKE_START_MS, FakeReader, fragmentsOfFile } from "../../test/support/fake-reader.ts";
import { millis } from "../base/units.ts";
import type { StoredFragment } from "../fragment/fragment.ts";
import type { KeyFrame, KeyFrameItem } from "../fragment/key-frames.ts";
import { framesByTrack } from "./clip/mp4-frames.ts";
import { type Direction, keyFrames } from "./key-frames.ts";

const SAMPLE = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));

interface Asked {
  readonly from?: number;
  readonly to?: number;
  readonly direction?: Direction;
  readonly stepMs?: number;
  readonly limit?: number;
}

/** Two sessions that overlap, a gap of a minute, and one more. Times are ms after `FAKE_START_MS`. */
function archive(perPack = 2): { reader: FakeReader; stored: StoredFragment[] } {
  const reader = new FakeReader({ perPack, perPage: 2 });
  const starts = [0, 10_700, 94_700];
  const stored = starts.flatMap((start, i) => {
    const options = { startMs: FAKE_START_MS + start, session: `s${i}`, sequence: 1 + i * 1000 };
    return reader.addAll("cam", fragmentsOfFile(SAMPLE, options));
  });
  return { reader, stored };
}

async function ask(reader: FakeReader, asked: Asked): Promise<KeyFrameItem[]> {
  const { from = 0, to = 200_000, direction = "forward", stepMs = 0, limit = 240 } = asked;
  const range = { fromMs: millis(FAKE_START_MS + from), toMs: millis(FAKE_START_MS + to) };
  const items: KeyFrameItem[] = [];
  for await (const item of keyFrames({ reader, stream: "cam", range, direction, stepMs, limit }))
    items.push(item);
  return items;
}

function times(items: readonly KeyFrameItem[]): number[] {
  const frames = items.filter((item): item is KeyFrame => item.kind === "frame");
  return frames.map(({ timeUs }) => timeUs / 1000 - FAKE_START_MS);
}

/** Every key frame there is, by looking at everything. */
async function all(reader: FakeReader, stored: readonly StoredFragment[]): Promise<number[]> {
  const found = new Set<number>();
  for (const one of stored) {
    const trackSet = await reader.trackSet(one.trackSetId);
    const number = trackSet.tracks.find(({ type }) => type === "video")?.number ?? 0;
    const bytes = await reader.read(one.packId, one.blocksOffset, one.blocksSize);
    const frames = framesByTrack(bytes, one, { trackSet, wanted: new Set([number]) });
    for (const { key, timeUs } of frames.get(number) ?? [])
      if (key) found.add(timeUs / 1000 - FAKE_START_MS);
  }
  return [...found].sort((a, b) => a - b);
}

function thinned(list: readonly number[], stepMs: number): number[] {
  const out: number[] = [];
  for (const ms of list)
    if (out.length === 0 || Math.abs(ms - (out.at(-1) as number)) >= stepMs) out.push(ms);
  return out;
}

suite("keyFrames", () => {
  test("gives those in the range, both ways, at least the step apart, over overlaps and gaps", async () => {
    const { reader, stored } = archive();
    const every = await all(reader, stored);
    assert.ok(every.length > 30, `${every.length} key frames`);
    for (const stepMs of [0, 1500, 7000, 50_000])
      for (const [from, to] of [
        [0, 200_000],
        [9000, 97_500],
        [40_000, 60_000],
      ] as const) {
        const inside = every.filter((ms) => ms >= from && ms < to);
        const name = `${stepMs} ms from ${from} to ${to}`;
        const forward = await ask(reader, { from, to, stepMs });
        assert.deepEqual(times(forward), thinned(inside, stepMs), name);
        const backward = await ask(reader, { from, to, stepMs, direction: "backward" });
        assert.deepEqual(times(backward), thinned(inside.toReversed(), stepMs), `${name} back`);
        assert.deepEqual(forward.at(-1), { kind: "end" });
      }
  });

  test("says how they are decoded before the first, and where the next answer goes on", async () => {
    const { reader, stored } = archive();
    const every = await all(reader, stored);
    for (const direction of ["forward", "backward"] as const) {
      const got: number[] = [];
      let [from, to] = [0, 200_000];
      for (let answers = 0; ; answers++) {
        assert.ok(answers < 20, "it goes on");
        const items = await ask(reader, { from, to, direction, limit: 5 });
        const [track] = items;
        assert.ok(track?.kind === "track" && track.codecPrivate !== undefined);
        assert.match(track.codecString ?? "", /^avc1\./);
        got.push(...times(items));
        const end = items.at(-1);
        assert.ok(end?.kind === "end");
        if (end.nextMs === undefined) break;
        if (direction === "forward") from = end.nextMs - FAKE_START_MS;
        else to = end.nextMs - FAKE_START_MS;
      }
      assert.deepEqual(got, direction === "forward" ? every : every.toReversed());
    }
  });

  test("gives payloads as they are stored, and reads little more than what it gives", async () => {
    const { reader, stored } = archive();
    const [first] = stored;
    assert.ok(first);
    const trackSet = await reader.trackSet(first.trackSetId);
    const number = trackSet.tracks.find(({ type }) => type === "video")?.number ?? 0;
    const bytes = await reader.read(first.packId, first.blocksOffset, first.blocksSize);
    const want = framesByTrack(bytes, first, { trackSet, wanted: new Set([number]) }).get(number);
    const [, frame] = await ask(reader, { limit: 1 });
    assert.ok(frame?.kind === "frame");
    assert.deepEqual(frame.payload, want?.find(({ key }) => key)?.payload.toBytes());
    [reader.reads, reader.lists] = [0, 0];
    await ask(reader, { stepMs: 20_000 });
    assert.ok(reader.reads < 12, `${reader.reads} reads`);
    assert.ok(reader.lists < 12, `${reader.lists} lists`);
  });

  test("passes over what retention took and what is damaged", async () => {
    const { reader, stored } = archive(1);
    const before = times(await ask(reader, {}));
    const gone = stored[4];
    assert.ok(gone);
    reader.remove(gone.packId);
    const after = times(await ask(reader, {}));
    assert.ok(after.length > 0 && after.length < before.length);
    assert.ok(after.every((ms) => before.includes(ms)));
  });

  test("refuses a stream that is not there", async () => {
    await assert.rejects(ask(new FakeReader(), {}), { code: "stream.not-found" });
  });
});
