/** Recordings of a camera by chance, in a real archive: it goes on, stops, steps back, changes its picture, is there twice. */
import type { Archive } from "../../src/archive/archive.ts";
import { Rope } from "../../src/base/rope.ts";
import { micros } from "../../src/base/units.ts";
import type { FragmentReader, SealedFragment } from "../../src/fragment/fragment.ts";
import { simpleBlock, tracksElement } from "../../src/media/mkv/writer.ts";
import type { TrackSet } from "../../src/media/track.ts";
import { random } from "./random.ts";

export const START_MS = 1_790_000_000_000;

function trackSetOf(width: number): TrackSet {
  const video = { width, height: 180 };
  const tracks = [
    { number: 1, type: "video", codecId: "V_VP9", encoding: "plain", video },
  ] as const;
  return { tracks, timestampScaleNs: 1_000_000, tracksElement: tracksElement(tracks) };
}

const SETS = [trackSetOf(320), trackSetOf(640)];

export interface Made {
  readonly atMs: number;
  readonly lengthMs: number;
  readonly set: number;
  readonly seekable: boolean;
  readonly session: string;
}

function fragmentOf(made: Made, who: number): Omit<SealedFragment, "info"> & { info: object } {
  const { atMs, lengthMs, seekable, session, set } = made;
  const startUs = (START_MS + atMs) * 1000;
  const frames = 1 + (who % 3);
  const blocks = Array.from({ length: frames }, (_, i) => {
    const payload = Rope.of(Uint8Array.of(0x82, 0x49, 0x83, who & 255, who >> 8, i));
    const relativeTicks = Math.floor((i * lengthMs) / frames);
    return simpleBlock({ track: 1, relativeTicks, key: i === 0 && seekable, payload });
  });
  return {
    info: {
      producedStartUs: micros(startUs),
      producedEndUs: micros(startUs + lengthMs * 1000),
      ...{ seekable, session, run: 1 },
      totals: [{ track: 1, frames, keyframes: seekable ? 1 : 0, payloadBytes: 6 * frames }],
    },
    trackSet: SETS[set] ?? trackSetOf(1),
    clusterNs: BigInt(startUs) * 1000n,
    blocks: Rope.concat(blocks),
    tags: [],
  };
}

export interface HistoryOptions {
  readonly seed: number;
  readonly count: number;
  /** Share of fragments before which something happens. */
  readonly troubles: number;
  /** Everything lasts so many times as long. */
  readonly scale?: number;
}

/** A camera that mostly goes on, and sometimes stops, steps back, changes its picture or is there twice. */
export function* history({ seed, count, troubles, scale = 1 }: HistoryOptions): Generator<Made> {
  const next = random(seed);
  let [at, set] = [0, 0];
  for (let i = 0; i < count; i++) {
    const lengthMs = scale * (200 + Math.floor(next() * 2000));
    const trouble = next() < troubles ? Math.floor(next() * 4) : -1;
    if (trouble === 0) at += scale * Math.floor(next() * 90_000);
    if (trouble === 1) at = Math.max(0, at - scale * Math.floor(next() * 20_000));
    if (trouble === 2) set = 1 - set;
    const session = trouble === 3 ? `other${i}` : "s";
    yield { atMs: at, lengthMs, set, seekable: next() < 0.9, session };
    if (trouble !== 3) at += lengthMs - (next() < 0.2 ? Math.floor(next() * 150) : 0);
  }
}

export async function record(archive: Archive, list: Iterable<Made>): Promise<void> {
  await archive.create({ name: "cam", retentionHours: 24 });
  const recording = await archive.open({ stream: "cam", session: "s" });
  const stored = Array.from(list, (made, who) => {
    const fragment = fragmentOf(made, who);
    const info = { ...fragment.info, number: recording.nextNumber() };
    return recording.append({ ...fragment, info } as SealedFragment);
  });
  await Promise.all(stored);
  await recording.close();
}

/** Only how packs are found differs. */
export function walked(archive: Archive): FragmentReader {
  return {
    packs: (...args) => archive.packs(...args),
    chain: async () => undefined,
    stretches: async () => undefined,
    fragments: (...args) => archive.fragments(...args),
    trackSet: (id) => archive.trackSet(id),
    read: (packId, offset, size) => archive.read(packId, offset, size),
    gaps: (...args) => archive.gaps(...args),
    extent: (stream) => archive.extent(stream),
  };
}
