/** Plans and layouts over hand-made media: what real files do not show. Real ones: test/flow/clip-media.test.ts. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FAKE_START_MS, FakeReader } from "../../../test/support/fake-reader.ts";
import { Rope } from "../../base/rope.ts";
import { micros, millis } from "../../base/units.ts";
import type { ClockName, SealedFragment } from "../../fragment/fragment.ts";
import type { MkvItem } from "../../media/mkv/items.ts";
import { MkvReader } from "../../media/mkv/reader.ts";
import { simpleBlock, tracksElement } from "../../media/mkv/writer.ts";
import type { TrackSet } from "../../media/track.ts";
import { READ_AHEAD } from "./extents.ts";
import { type ClipFormat, type ClipPlan, planClip } from "./plan.ts";

function trackSetOf(width = 320, timestampScaleNs = 1_000_000): TrackSet {
  const video = { width, height: 180 };
  const vp9 = { number: 1, type: "video", codecId: "V_VP9", encoding: "plain", video } as const;
  const data = { number: 2, type: "other", codecId: "D_TEST", encoding: "plain" } as const;
  return { tracks: [vp9, data], timestampScaleNs, tracksElement: tracksElement([vp9, data]) };
}

interface Made {
  readonly sequence: number;
  readonly producedMs: number;
  readonly receivedMs?: number;
  readonly session?: string;
  readonly seekable?: boolean;
  readonly trackSet?: TrackSet;
  /** How long before its first block the Cluster's time is, ms. */
  readonly leadMs?: number;
}

/** Two seconds: 4 pictures of track 1, and one block of track 2. Payloads say who they are. */
function made(options: Made): SealedFragment {
  const { sequence, producedMs, leadMs = 0, session = "a", seekable = true } = options;
  const { trackSet = trackSetOf(), receivedMs = producedMs } = options;
  const startUs = (FAKE_START_MS + producedMs) * 1000;
  const ticks = (ms: number) => (ms * 1_000_000) / trackSet.timestampScaleNs;
  const block = (track: number, i: number) =>
    simpleBlock({
      track,
      relativeTicks: ticks(leadMs + i * 500),
      key: i === 0 && seekable,
      payload: Rope.of(Uint8Array.of(0x82, 0x49, 0x83, sequence, i)),
    });
  const number = { sequence, receivedMs: millis(FAKE_START_MS + receivedMs), salt: 0 };
  return {
    info: {
      ...{ number, seekable, session, run: 1 },
      producedStartUs: micros(startUs),
      producedEndUs: micros(startUs + 2_000_000),
      totals: [
        { track: 1, frames: 4, keyframes: 1, payloadBytes: 20 },
        { track: 2, frames: 1, keyframes: 1, payloadBytes: 5 },
      ],
    },
    trackSet,
    clusterNs: BigInt(startUs - leadMs * 1000) * 1000n,
    blocks: Rope.concat([...[0, 1, 2, 3].map((i) => block(1, i)), block(2, 0)]),
    tags: [],
  };
}

function readerOf(list: readonly Made[], perPack = 3): FakeReader {
  const reader = new FakeReader({ perPack });
  reader.addAll("cam", list.map(made));
  return reader;
}

const row = (count: number, more: Partial<Made> = {}): Made[] =>
  Array.from({ length: count }, (_, i) => ({ sequence: i + 1, producedMs: i * 2000, ...more }));

interface Ask {
  readonly format?: ClipFormat;
  readonly clock?: ClockName;
  readonly from?: number;
  readonly to?: number;
}

function plan(
  reader: FakeReader,
  { format = "mkv", clock = "producer", from = 0, to = 1e9 }: Ask = {},
) {
  const range = { fromMs: millis(FAKE_START_MS + from), toMs: millis(FAKE_START_MS + to) };
  return planClip({ reader, stream: "cam", clock, format, range });
}

async function bytesOf(
  clip: ClipPlan,
  range?: { start: number; end: number },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of clip.chunks(range)) parts.push(chunk);
  return Buffer.concat(parts);
}

async function itemsOf(clip: ClipPlan): Promise<MkvItem[]> {
  const reader = new MkvReader({ onBadCrc: "fault" });
  reader.push(await bytesOf(clip));
  reader.end();
  const items: MkvItem[] = [];
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) items.push(item);
  return items;
}

/** Fragment and tick of every picture. */
function pictures(items: readonly MkvItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind !== "block" || item.block.track !== 1) return [];
    const ticks = item.clusterTicks + item.block.relativeTicks;
    return [`${item.block.frames[0]?.at(3)} ${ticks}`];
  });
}

suite("planClip", () => {
  test("says request.no-media for a range without media", async () => {
    const reader = readerOf(row(3));
    await assert.rejects(plan(reader, { from: 6000, to: 7000 }), { code: "request.no-media" });
  });

  test("says what the clip really covers, and when it starts in its name", async () => {
    const clip = await plan(readerOf(row(5)), { from: 2500, to: 4001 });
    assert.equal(clip.firstUs, (FAKE_START_MS + 2000) * 1000);
    assert.equal(clip.lastUs, (FAKE_START_MS + 6000) * 1000);
    assert.equal(clip.fragments, 2);
    assert.equal(clip.fileName, "cam_2026-09-21T14-13-22Z.mkv");
  });

  test("knows the size of a long range from the totals, and lists only the packs at its ends", async () => {
    for (const format of ["mkv", "mp4"] as const) {
      const reader = readerOf(row(600), 10);
      const clip = await plan(reader, { format, from: 5000, to: 1_190_500 });
      assert.ok(reader.lists <= 2, `${reader.lists} lists`);
      assert.equal(reader.reads, 0);
      reader.lists = 0;
      const chunks = clip.chunks();
      await chunks.next();
      await chunks.next();
      assert.ok(reader.lists <= 1, `${reader.lists} lists for the first media`);
      assert.ok(reader.reads <= READ_AHEAD.extents + 1, `${reader.reads} reads for it`);
      await chunks.return(undefined);
      const whole = await bytesOf(clip);
      assert.equal(whole.length, clip.size);
      const middle = Math.floor(clip.size / 2);
      reader.lists = reader.reads = 0;
      const part = await bytesOf(clip, { start: middle, end: middle + 300 });
      assert.deepEqual(part, whole.subarray(middle, middle + 300));
      assert.ok(reader.lists <= 2, `${reader.lists} lists for a part`);
      assert.ok(reader.reads <= READ_AHEAD.extents + 2, `${reader.reads} reads for a part`);
    }
  });

  test("holds its size when the newest pack grows after it was planned", async () => {
    const reader = readerOf(row(8), 100);
    for (const format of ["mkv", "mp4"] as const) {
      const clip = await plan(reader, { format });
      reader.addAll("cam", [made({ sequence: 20, producedMs: 16_000 })]);
      assert.equal((await bytesOf(clip)).length, clip.size);
    }
  });

  test("says store.not-found when retention takes a pack while it is sent", async () => {
    const reader = readerOf(row(20), 4);
    const clip = await plan(reader);
    reader.remove("pack-3");
    await assert.rejects(bytesOf(clip), { code: "store.not-found" });
  });

  test("names the tracks MP4 cannot carry, and refuses when none is left", async () => {
    const clip = await plan(readerOf(row(2)), { format: "mp4" });
    assert.deepEqual(
      clip.omittedTracks.map(({ codecId }) => codecId),
      ["D_TEST"],
    );
    const { tracks } = trackSetOf();
    const data = tracks.filter(({ number }) => number === 2);
    const trackSet = {
      tracks: data,
      timestampScaleNs: 1_000_000,
      tracksElement: tracksElement(data),
    };
    const reader = readerOf(row(2, { trackSet }));
    await assert.rejects(plan(reader, { format: "mp4" }), { code: "codec.unsupported" });
    assert.deepEqual((await plan(reader)).omittedTracks, []);
  });
});

suite("a clip as mkv", () => {
  test("begins at tick 0, with DateUTC and Duration, and each fragment says who it is", async () => {
    const items = await itemsOf(await plan(readerOf(row(4)), { from: 2000, to: 6000 }));
    const info = items.find((item) => item.kind === "info");
    assert.equal(info?.dateUtcNs, BigInt(FAKE_START_MS + 2000) * 1_000_000n);
    assert.equal(info?.durationTicks, 4000);
    assert.deepEqual(pictures(items).slice(0, 5), ["2 0", "2 500", "2 1000", "2 1500", "3 2000"]);
    const tags = items.flatMap((item) => (item.kind === "tags" ? [item.tags] : []));
    assert.equal(tags.length, 2);
    assert.deepEqual(tags[1]?.slice(1), [
      { name: "AWS_KINESISVIDEO_SERVER_TIMESTAMP", value: "1790000004.000" },
      { name: "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", value: "1790000004.000" },
    ]);
  });

  test("moves the blocks of a Cluster that began before the clip, and keeps its checksum right", async () => {
    // As MediaRecorder sends: one Cluster of half a minute, cut into fragments.
    const list = row(6).map((one) => ({ ...one, leadMs: one.producedMs }));
    const items = await itemsOf(await plan(readerOf(list), { from: 6000 }));
    const want = [4, 5, 6].flatMap((who, i) =>
      [0, 500, 1000, 1500].map((ms) => `${who} ${i * 2000 + ms}`),
    );
    assert.deepEqual(pictures(items), want);
    assert.ok(items.every((item) => item.kind !== "cluster" || item.ticks >= 0));
  });

  test("begins a new document where the tracks or the ticks change", async () => {
    const sets = [trackSetOf(), trackSetOf(640), trackSetOf(640, 100_000)];
    const list = row(9).map((one, i) => {
      const trackSet = sets[Math.floor(i / 3)] ?? trackSetOf();
      return { ...one, trackSet };
    });
    const items = await itemsOf(await plan(readerOf(list)));
    const infos = items.filter((item) => item.kind === "info");
    assert.deepEqual(
      infos.map(({ timestampScaleNs }) => timestampScaleNs),
      [1e6, 1e6, 1e5],
    );
    assert.deepEqual(
      infos.map(({ dateUtcNs = 0n }) => Number(dateUtcNs / 1_000_000n) - FAKE_START_MS),
      [0, 6000, 12_000],
    );
    const all = pictures(items);
    assert.equal(all.length, 36);
    assert.deepEqual([all[11], all[12], all[25]], ["3 5500", "4 0", "7 5000"]);
  });

  test("starts at the seekable fragment before the range", async () => {
    const list = row(5).map((one) => ({ ...one, seekable: one.sequence < 3 }));
    const clip = await plan(readerOf(list, 1), { from: 8500, to: 8600 });
    assert.equal(clip.fragments, 4);
    assert.equal(clip.firstUs, (FAKE_START_MS + 2000) * 1000);
  });
});

suite("a clip on the server's clock", () => {
  test("selects by arrival and keeps the producer's times as long as they go on", async () => {
    const list = row(6).map((one) => ({
      ...one,
      receivedMs: one.producedMs + 100_000 + one.sequence,
    }));
    const items = await itemsOf(
      await plan(readerOf(list), { clock: "server", from: 104_003, to: 108_000 }),
    );
    assert.deepEqual(pictures(items)[0], "3 0");
    assert.deepEqual(pictures(items)[4], "4 2000");
  });

  test("goes on where it ended when the producer's clock jumps, either way, in both formats", async () => {
    const jumps = [0, 2000, -3_600_000, -3_598_000, 7_200_000, 7_202_000];
    const list = jumps.map((ms, i) => ({
      ...{ sequence: i + 1, producedMs: ms, receivedMs: i * 2000 },
      session: `s${Math.floor(i / 2)}`,
    }));
    const reader = readerOf(list, 2);
    const items = await itemsOf(await plan(reader, { clock: "server", from: 0 }));
    const want = [1, 2, 3, 4, 5, 6].map((who, i) => `${who} ${i * 2000}`);
    assert.deepEqual(
      pictures(items).filter((_, i) => i % 4 === 0),
      want,
    );
    const clip = await plan(reader, { clock: "server", from: 0, format: "mp4" });
    assert.equal((await bytesOf(clip)).length, clip.size);
  });
});
