/**
 * An archive in memory for tests of `src/play`: sealed fragments in, a `FragmentReader` out. Packs hold what
 * real ones do: something before each Cluster, then the blocks. Counts what is asked of it.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { ropeCrc32 } from "../../src/base/crc32.ts";
import { Fault } from "../../src/base/errors.ts";
import { Rope } from "../../src/base/rope.ts";
import { type Millis, micros, millis } from "../../src/base/units.ts";
import type {
  FragmentReader,
  PackSelection,
  PackSummary,
  RecordedGap,
  SealedFragment,
  StoredFragment,
  StreamExtent,
  TimeRange,
} from "../../src/fragment/fragment.ts";
import { Fragmenter } from "../../src/fragment/fragmenter.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import type { TrackSet } from "../../src/media/track.ts";
import { random } from "./random.ts";

/** Bytes before the blocks of each fragment, where a pack has Tags and the Cluster's header. */
const LEAD = 37;

interface Pack {
  readonly id: string;
  readonly stream: string;
  readonly key: string;
  readonly stored: StoredFragment[];
  bytes: Uint8Array;
  /** Length in use; the array grows by doubling. */
  length: number;
}

export interface FakeReaderOptions {
  /** Fragments of one pack. */
  readonly perPack?: number;
  /** Packs of one page. */
  readonly perPage?: number;
}

export class FakeReader implements FragmentReader {
  readonly #perPack: number;
  readonly #perPage: number;
  readonly #packs: Pack[] = [];
  readonly #trackSets = new Map<string, TrackSet>();
  readonly #gaps: { stream: string; gap: RecordedGap }[] = [];
  /** How often a fragment list was asked for, and media read; and the most bytes in one read. */
  lists = 0;
  reads = 0;
  bytesRead = 0;
  largestPage = 0;

  constructor({ perPack = 4, perPage = 3 }: FakeReaderOptions = {}) {
    this.#perPack = perPack;
    this.#perPage = perPage;
  }

  /** Stores one, after those of its session. */
  add(stream: string, { info, trackSet, clusterNs, blocks }: SealedFragment): StoredFragment {
    const trackSetId = this.#remember(trackSet);
    const key = `${info.session} ${trackSetId}`;
    let pack = this.#packs.findLast((one) => one.stream === stream && one.key === key);
    if (pack === undefined || pack.stored.length >= this.#perPack) {
      const id = `pack-${this.#packs.length}`;
      pack = { id, stream, key, stored: [], bytes: new Uint8Array(1024), length: 0 };
      this.#packs.push(pack);
    }
    const offset = pack.length;
    const fragment: StoredFragment = {
      info,
      packId: pack.id,
      trackSetId,
      offset,
      size: LEAD + blocks.length,
      blocksOffset: offset + LEAD,
      blocksSize: blocks.length,
      blocksCrc: ropeCrc32(blocks, crc32),
      clusterNs,
    };
    grow(pack, offset + fragment.size);
    pack.bytes.fill(0xee, offset, offset + LEAD);
    blocks.copyTo(pack.bytes, offset + LEAD);
    pack.stored.push(fragment);
    return fragment;
  }

  addAll(stream: string, fragments: readonly SealedFragment[]): StoredFragment[] {
    return fragments.map((fragment) => this.add(stream, fragment));
  }

  /** Retention takes a pack. */
  remove(packId: string): void {
    this.#packs.splice(
      this.#packs.findIndex((pack) => pack.id === packId),
      1,
    );
  }

  /** Something was written down as without media. */
  addGap(stream: string, gap: RecordedGap): void {
    this.#gaps.push({ stream, gap });
  }

  async gaps(stream: string, range: TimeRange, limit: number): Promise<RecordedGap[]> {
    return this.#gaps
      .filter((one) => one.stream === stream)
      .map(({ gap }) => gap)
      .filter(({ startUs, endUs }) => startUs < range.toMs * 1000 && endUs > range.fromMs * 1000)
      .sort((a, b) => a.startUs - b.startUs)
      .slice(0, limit);
  }

  all(stream: string): StoredFragment[] {
    return this.#packs.filter((pack) => pack.stream === stream).flatMap((pack) => pack.stored);
  }

  async *packs(stream: string, selection: PackSelection): AsyncGenerator<readonly PackSummary[]> {
    const mine = this.#packs.filter((pack) => pack.stream === stream);
    if (mine.length === 0) throw new Fault("stream.not-found", `no stream ${stream}`);
    const chosen = mine.map(summaryOf).filter((pack) => selects(selection, pack));
    const order = orderOf(selection);
    chosen.sort((a, b) => a[order] - b[order]);
    for (let i = 0; i < chosen.length; i += this.#perPage) {
      await Promise.resolve();
      const page = chosen.slice(i, i + this.#perPage);
      this.largestPage = Math.max(this.largestPage, page.length);
      yield page;
    }
  }

  /** Never: everything is looked at. That chains give the same clips is test/contract/clip-chains.test.ts. */
  async chain(): Promise<undefined> {}

  /** Never, too: that they give the same coverage is test/contract/coverage-stretches.test.ts. */
  async stretches(): Promise<undefined> {}

  async fragments(_stream: string, packId: string): Promise<readonly StoredFragment[]> {
    this.lists++;
    return [...this.#pack(packId).stored];
  }

  async trackSet(id: string): Promise<TrackSet> {
    return this.#trackSets.get(id) ?? missing(id);
  }

  async read(packId: string, offset: number, size: number): Promise<Uint8Array> {
    this.reads++;
    this.bytesRead += size;
    const pack = this.#pack(packId);
    if (offset + size > pack.length) throw new Fault("store.corrupt", `${packId} is too short`);
    return pack.bytes.slice(offset, offset + size);
  }

  async extent(stream: string): Promise<StreamExtent | undefined> {
    const packs = this.#packs.filter((pack) => pack.stream === stream).map(summaryOf);
    if (packs.length === 0) return undefined;
    const all = <K extends keyof PackSummary>(key: K) => packs.map((pack) => pack[key]);
    return {
      producedStartUs: micros(Math.min(...all("producedStartUs"))),
      producedEndUs: micros(Math.max(...all("producedEndUs"))),
      receivedFirstMs: millis(Math.min(...all("receivedFirstMs"))),
      receivedLastMs: millis(Math.max(...all("receivedLastMs"))),
      bytes: packs.reduce((sum, pack) => sum + pack.bytes, 0),
    };
  }

  #pack(packId: string): Pack {
    return this.#packs.find((pack) => pack.id === packId) ?? missing(packId);
  }

  #remember(trackSet: TrackSet): string {
    const { timestampScaleNs, tracksElement } = trackSet;
    const hash = createHash("sha256").update(tracksElement).update(String(timestampScaleNs));
    const id = hash.digest("hex").slice(0, 16);
    this.#trackSets.set(id, trackSet);
    return id;
  }
}

function grow(pack: Pack, length: number): void {
  pack.length = length;
  if (length <= pack.bytes.length) return;
  const bytes = new Uint8Array(Math.max(length, 2 * pack.bytes.length));
  bytes.set(pack.bytes);
  pack.bytes = bytes;
}

function missing(what: string): never {
  throw new Fault("store.not-found", `no ${what}`);
}

function orderOf(selection: PackSelection) {
  if (selection.by === "sequence") return "firstSequence";
  return selection.clock === "producer" ? "producedStartUs" : "receivedFirstMs";
}

function selects(selection: PackSelection, pack: PackSummary): boolean {
  if (selection.by === "sequence") return pack.lastSequence > selection.after;
  const { fromMs, toMs } = selection.range;
  if (selection.clock === "producer")
    return pack.producedEndUs > fromMs * 1000 && pack.producedStartUs < toMs * 1000;
  return pack.receivedLastMs >= fromMs && pack.receivedFirstMs < toMs;
}

function summaryOf({ id, stored, length }: Pack): PackSummary {
  const infos = stored.map(({ info }) => info);
  const [first = missing(id)] = infos;
  const received = infos.map((info) => info.number.receivedMs).sort((a, b) => a - b);
  const sequences = infos.map((info) => info.number.sequence);
  const by = <T extends number>(list: T[], pick: (...all: number[]) => number) =>
    pick(...list) as T;
  return {
    packId: id,
    trackSetId: stored[0]?.trackSetId ?? missing(id),
    sealed: true,
    producedStartUs: by(
      infos.map((info) => info.producedStartUs),
      Math.min,
    ),
    producedEndUs: by(
      infos.map((info) => info.producedEndUs),
      Math.max,
    ),
    receivedFirstMs: received[0] ?? first.number.receivedMs,
    receivedLastMs: received.at(-1) ?? first.number.receivedMs,
    firstSequence: by(sequences, Math.min),
    lastSequence: by(sequences, Math.max),
    bytes: length,
    totals: {
      fragments: stored.length,
      blocksBytes: stored.reduce((sum, { blocksSize }) => sum + blocksSize, 0),
      tracks: trackTotals(infos),
    },
  };
}

function trackTotals(infos: readonly StoredFragment["info"][]): PackSummary["totals"]["tracks"] {
  const sums = new Map<
    number,
    { [K in "fragments" | "frames" | "keyframes" | "payloadBytes"]: number }
  >();
  for (const { totals } of infos)
    for (const one of totals) {
      const sum = sums.get(one.track) ?? { fragments: 0, frames: 0, keyframes: 0, payloadBytes: 0 };
      sums.set(one.track, sum);
      sum.fragments++;
      sum.frames += one.frames;
      sum.keyframes += one.keyframes;
      sum.payloadBytes += one.payloadBytes;
    }
  return [...sums].map(([track, sum]) => ({ track, ...sum }));
}

/** Ms on which a test's media begins: 2026-09-21T14:13:20Z. */
export const FAKE_START_MS: Millis = millis(1_790_000_000_000);

export interface BareFragment {
  readonly sequence: number;
  /** After `FAKE_START_MS`, on each clock; fractions of a ms are allowed on the producer's. */
  readonly producedMs: number;
  readonly receivedMs?: number;
  readonly durationMs?: number;
  readonly seekable?: boolean;
  readonly session?: string;
  readonly run?: number;
}

const BARE_TRACKS: TrackSet = {
  tracks: [],
  timestampScaleNs: 1_000_000,
  tracksElement: Uint8Array.of(0x16, 0x54, 0xae, 0x6b, 0x80),
};

/** A fragment with times and no tracks: enough wherever only the order and the range matter. */
export function bareFragment(options: BareFragment): SealedFragment {
  const { sequence, producedMs, durationMs = 2000, seekable = true, session = "a" } = options;
  const startUs = FAKE_START_MS * 1000 + Math.round(producedMs * 1000);
  const receivedMs = millis(FAKE_START_MS + Math.floor(options.receivedMs ?? producedMs));
  return {
    info: {
      number: { sequence, receivedMs, salt: 0 },
      producedStartUs: micros(startUs),
      producedEndUs: micros(startUs + Math.round(durationMs * 1000)),
      seekable,
      session,
      run: options.run ?? 1,
      totals: [{ track: 1, frames: 50, keyframes: 1, payloadBytes: 0 }],
    },
    trackSet: BARE_TRACKS,
    clusterNs: BigInt(startUs) * 1000n,
    blocks: Rope.of(Uint8Array.of(sequence & 255)),
    tags: [],
  };
}

/**
 * Sessions that take turns, overlap, stop for a while and step back: `count` fragments that arrive in order.
 * The producer's clock runs `aheadMs` before the server's.
 */
export function scatter(seed: number, count: number, aheadMs = 0): SealedFragment[] {
  const next = random(seed);
  const upTo = (limit: number) => Math.floor(next() * limit);
  const clocks = [0, 0, 0].map(() => ({ at: upTo(20_000), run: 1 }));
  let arrived = 0;
  return Array.from({ length: count }, (_, i) => {
    const who = next() < 0.7 ? 0 : upTo(3);
    const clock = clocks[who] ?? { at: 0, run: 1 };
    const jump = next();
    if (jump < 0.05) clock.at += upTo(60_000);
    if (jump > 0.97) {
      clock.at = Math.max(0, clock.at - upTo(5000));
      clock.run++;
    }
    const durationMs = 1 + upTo(4000) + next();
    arrived = Math.max(arrived + upTo(3), clock.at - aheadMs, 0);
    const fragment = bareFragment({
      sequence: i + 1,
      producedMs: clock.at,
      receivedMs: arrived,
      durationMs,
      seekable: next() < 0.8,
      session: `s${who}`,
      run: clock.run,
    });
    clock.at += durationMs;
    return fragment;
  });
}

export interface StoreOptions {
  readonly startMs?: number;
  readonly session?: string;
  /** Sequence of the first fragment. */
  readonly sequence?: number;
}

/** A Matroska file as a producer's session: read, cut and sealed by the real reader and fragmenter. */
export function fragmentsOfFile(file: Uint8Array, options: StoreOptions = {}): SealedFragment[] {
  const { startMs = FAKE_START_MS, session = "a", sequence = 1 } = options;
  const reader = new MkvReader();
  const fragmenter = new Fragmenter({ startNs: BigInt(startMs) * 1_000_000n });
  reader.push(file);
  reader.end();
  const sealed: SealedFragment[] = [];
  const take = () => {
    for (let event = fragmenter.pull(); event !== undefined; event = fragmenter.pull()) {
      if (event.kind !== "sealed") continue;
      const { info, ...rest } = event.fragment;
      const receivedMs = millis(Math.floor(info.producedStartUs / 1000));
      const number = { sequence: sequence + sealed.length, receivedMs, salt: 7 };
      sealed.push({ ...rest, info: { ...info, number, session } });
    }
  };
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
    fragmenter.accept(item);
    take();
  }
  fragmenter.finish();
  take();
  return sealed;
}
