/**
 * An archive in memory for tests of the tail: fragments become readable one by one, when the test says so.
 * One pack per few fragments; pages of two packs.
 */
import { Fault } from "../../src/base/errors.ts";
import { bytes, micros } from "../../src/base/units.ts";
import type {
  FragmentReader,
  PackSelection,
  PackSummary,
  SealedFragment,
  StoredFragment,
  StreamExtent,
} from "../../src/fragment/fragment.ts";
import type { TrackSet } from "../../src/media/track.ts";

interface Pack {
  readonly id: string;
  readonly session: string;
  readonly stored: StoredFragment[];
  readonly blocks: Uint8Array[];
}

export class TailArchive implements FragmentReader {
  readonly #perPack: number;
  readonly #packs: Pack[] = [];
  readonly #trackSets: TrackSet[] = [];
  /** Sequences whose bytes cannot be read. */
  readonly broken = new Set<number>();
  /** How often media was read, and how often the index. */
  reads = 0;
  lookups = 0;

  constructor(perPack = 3) {
    this.#perPack = perPack;
  }

  /** Now durable and found. */
  store({ info, trackSet, clusterNs, blocks }: SealedFragment): void {
    if (!this.#trackSets.includes(trackSet)) this.#trackSets.push(trackSet);
    const trackSetId = String(this.#trackSets.indexOf(trackSet));
    let pack = this.#packs.findLast((one) => one.session === info.session);
    if (
      pack === undefined ||
      pack.stored.length >= this.#perPack ||
      pack.stored[0]?.trackSetId !== trackSetId
    ) {
      const id = `pack-${this.#packs.length}`;
      pack = { id, session: info.session, stored: [], blocks: [] };
      this.#packs.push(pack);
    }
    const blocksOffset = pack.blocks.length;
    pack.blocks.push(blocks.toBytes());
    pack.stored.push({
      info,
      packId: pack.id,
      trackSetId,
      offset: blocksOffset,
      size: blocks.length,
      blocksOffset,
      blocksSize: blocks.length,
      blocksCrc: 0,
      clusterNs,
    });
  }

  async *packs(_stream: string, selection: PackSelection): AsyncGenerator<readonly PackSummary[]> {
    this.lookups++;
    const chosen = this.#packs.map(summary).filter((pack) => selects(selection, pack));
    const order = selection.by === "time" ? "producedStartUs" : "firstSequence";
    chosen.sort((a, b) => a[order] - b[order]);
    for (let i = 0; i < chosen.length; i += 2) {
      await Promise.resolve();
      yield chosen.slice(i, i + 2);
    }
  }

  async chain(): Promise<undefined> {}

  /** Never, too: that they give the same coverage is test/contract/coverage-stretches.test.ts. */
  async stretches(): Promise<undefined> {}

  async fragments(_stream: string, packId: string): Promise<readonly StoredFragment[]> {
    return [...this.#pack(packId).stored];
  }

  async trackSet(id: string): Promise<TrackSet> {
    return this.#trackSets[Number(id)] ?? missing(id);
  }

  async read(packId: string, offset: number): Promise<Uint8Array> {
    this.reads++;
    const pack = this.#pack(packId);
    const { sequence } = pack.stored[offset]?.info.number ?? missing(packId);
    if (this.broken.has(sequence)) throw new Fault("store.corrupt", `${packId} is damaged`);
    return pack.blocks[offset] ?? missing(packId);
  }

  async gaps(): Promise<[]> {
    return [];
  }

  async extent(): Promise<StreamExtent | undefined> {
    const all = this.#packs.flatMap((pack) => pack.stored);
    const [first, last] = [all[0], all.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return {
      producedStartUs: first.info.producedStartUs,
      producedEndUs: last.info.producedEndUs,
      receivedFirstMs: first.info.number.receivedMs,
      receivedLastMs: last.info.number.receivedMs,
      bytes: bytes(0),
    };
  }

  #pack(packId: string): Pack {
    return this.#packs.find((pack) => pack.id === packId) ?? missing(packId);
  }
}

function missing(what: string): never {
  throw new Fault("store.not-found", `no ${what}`);
}

function summary(pack: Pack): PackSummary {
  const infos = pack.stored.map((stored) => stored.info);
  const sequences = infos.map((info) => info.number.sequence);
  const received = infos.map((info) => info.number.receivedMs).sort((a, b) => a - b);
  const first = pack.stored[0];
  if (first === undefined) throw new Error("an empty pack");
  return {
    packId: pack.id,
    trackSetId: first.trackSetId,
    sealed: true,
    producedStartUs: micros(Math.min(...infos.map((info) => info.producedStartUs))),
    producedEndUs: micros(Math.max(...infos.map((info) => info.producedEndUs))),
    receivedFirstMs: received[0] ?? first.info.number.receivedMs,
    receivedLastMs: received.at(-1) ?? first.info.number.receivedMs,
    firstSequence: Math.min(...sequences),
    lastSequence: Math.max(...sequences),
    bytes: bytes(0),
    totals: { fragments: infos.length, blocksBytes: 0, tracks: [] },
  };
}

function selects(selection: PackSelection, pack: PackSummary): boolean {
  if (selection.by === "sequence") return pack.lastSequence > selection.after;
  const { fromMs, toMs } = selection.range;
  return pack.producedEndUs > fromMs * 1000 && pack.producedStartUs < toMs * 1000;
}
