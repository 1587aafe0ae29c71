/** The database that finds packs and fragments: what the archive needs of it. One row per pack. */
import type {
  PackChain,
  PackSelection,
  PackSummary,
  StreamExtent,
  StreamInfo,
  TimeRange,
} from "../../fragment/fragment.ts";

/** A pack's whole row. Written again at every commit while the pack is open. */
export interface PackRow {
  readonly stream: string;
  readonly packId: string;
  readonly trackSetId: string;
  readonly sealed: boolean;
  readonly producedStartUs: number;
  readonly producedEndUs: number;
  readonly receivedFirstMs: number;
  readonly receivedLastMs: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Open: bytes up to the last acked fragment. Sealed: the whole object. */
  readonly bytes: number;
  /** docs/formats/index.md. */
  readonly totals: Uint8Array;
  readonly fragments: Uint8Array;
}

export interface TrackSetRow {
  readonly id: string;
  readonly timestampScaleNs: number;
  readonly tracksElement: Uint8Array;
}

export interface PackRef {
  readonly stream: string;
  readonly packId: string;
}

/** Continues a page of packs. */
export interface PageKey {
  readonly order: number;
  readonly firstSequence: number;
}

export interface PackPage {
  readonly packs: readonly PackSummary[];
  readonly next: PageKey | undefined;
}

export interface FragmentIndex {
  /** Value kept under a name for the life of the index. Sets it when it is not there. */
  meta(name: string, value: string): Promise<string>;
  createStream(info: StreamInfo): Promise<void>;
  stream(name: string): Promise<StreamInfo | undefined>;
  streams(): Promise<readonly StreamInfo[]>;
  /** In one transaction: the stream and its packs go, their ids become garbage rows. */
  deleteStream(name: string): Promise<void>;
  /** All of them or none; durable when it resolves. Track sets already there are left as they are. */
  commit(rows: readonly PackRow[], trackSets: readonly TrackSetRow[]): Promise<void>;
  packs(stream: string, selection: PackSelection, after?: PageKey): Promise<PackPage>;
  /** See `FragmentReader.chain`. */
  chain(stream: string, range: TimeRange): Promise<PackChain | undefined>;
  /** The row, or undefined. */
  pack(stream: string, packId: string): Promise<PackRow | undefined>;
  openPacks(): Promise<readonly PackRow[]>;
  trackSet(id: string): Promise<TrackSetRow | undefined>;
  extent(stream: string): Promise<StreamExtent | undefined>;
  /** The highest sequence in any of its packs, or 0. */
  lastSequence(stream: string): Promise<number>;
  /** Packs whose rows are gone and whose objects may still be there. */
  garbage(): Promise<readonly string[]>;
  forgetGarbage(packIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** No pack spans more than this on the producer's or the server's clock: it bounds time queries. */
export const MAX_PACK_SPAN_MS = 600_000;
/** Packs per page. */
export const PAGE_PACKS = 128;
