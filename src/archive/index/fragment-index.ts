/**
 * The database that finds packs and fragments, and remembers everything about them that packs cannot: what the
 * archive needs of it. One row per pack. Every method that writes is one transaction, durable when it resolves.
 * Two engines, one behaviour: test/contract/index.test.ts. All reject with `index.unavailable` or `store.full`.
 */
import type { Micros, Millis } from "../../base/units.ts";
import type {
  PackChain,
  PackSelection,
  PackStretch,
  PackSummary,
  StreamExtent,
  StreamInfo,
  TimeRange,
} from "../../fragment/fragment.ts";
import type { EventRow, HookRow, NewEvent } from "./index-events.ts";
import type { IndexLeases } from "./index-leases.ts";
import type {
  AuditRow,
  GapCause,
  GapRow,
  HoldRow,
  NewGap,
  Removal,
  RemovedPacks,
} from "./index-ledger.ts";
import type { IndexRecords } from "./index-records.ts";

/** A pack's whole row. Written again at every commit while the pack is open. */
export interface PackRow {
  readonly stream: string;
  /** `stream/YYYY/MM/DD/serial-salt`: see pack-id.ts. */
  readonly packId: string;
  readonly trackSetId: string;
  /** Node whose disk has the bytes while they are not archived; "" where there is one node. */
  readonly node: string;
  /** False: it is still written. */
  readonly sealed: boolean;
  /** True: verified in the object store. Never without `sealed`. */
  readonly archived: boolean;
  readonly producedStartUs: number;
  readonly producedEndUs: number;
  readonly receivedFirstMs: number;
  readonly receivedLastMs: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Open: bytes up to the last acked fragment. Sealed: the whole object. */
  readonly bytes: number;
  /** Where in the sealed object its own copy of `fragments` is; 0 while it has none. */
  readonly listOffset: number;
  readonly listBytes: number;
  /** docs/formats/index.md. */
  readonly totals: Uint8Array;
  /** Undefined: taken out of the index (`thin`), it is read from the object. */
  readonly fragments: Uint8Array | undefined;
}

export interface TrackSetRow {
  readonly id: string;
  readonly timestampScaleNs: number;
  readonly tracksElement: Uint8Array;
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

/** What belongs together: all of it is durable, or none. */
export interface Commit {
  readonly rows?: readonly PackRow[];
  /** Those already there are left as they are. */
  readonly trackSets?: readonly TrackSetRow[];
  readonly gaps?: readonly NewGap[];
  readonly events?: readonly NewEvent[];
  /** Streams whose lease must still be this node's, at this epoch: else `ingest.fenced` and nothing is written. */
  readonly fences?: readonly Fence[];
}

export interface Fence {
  readonly stream: string;
  readonly node: string;
  readonly epoch: number;
}

export interface StreamChange {
  readonly retentionHours?: number;
  /** 0: no bound. */
  readonly retentionBytes?: number;
  readonly mediaType?: string;
  /** All of them: what is not in it goes. */
  readonly attributes?: StreamInfo["attributes"];
  /** What the stream's version becomes. */
  readonly version: string;
}

/** Sealed packs that are not in the object store yet. */
export interface Unarchived {
  readonly packs: number;
  readonly bytes: number;
  /** When the last fragment of the oldest of them arrived, or undefined when there is none. */
  readonly oldestMs: Millis | undefined;
}

/** A sealed, archived pack as retention sees it. */
export interface OldPack {
  readonly packId: string;
  readonly receivedFirstMs: Millis;
  readonly receivedLastMs: Millis;
  readonly producedStartUs: Micros;
  readonly producedEndUs: Micros;
  readonly firstSequence: number;
  readonly bytes: number;
}

export interface OldPacksQuery {
  readonly stream: string;
  /** Packs whose last fragment arrived before this. */
  readonly receivedBeforeMs: number;
  /** After this one, in the order (receivedFirstMs, firstSequence). */
  readonly after?: PageKey | undefined;
  readonly limit: number;
}

export interface FragmentIndex extends IndexLeases, IndexRecords {
  /** Value kept under a name for the life of the index. Sets it when it is not there. */
  meta(name: string, value: string): Promise<string>;

  // Streams

  /** With an audit row. Throws `stream.exists`; `store.unavailable` while a key of that name is to be erased. */
  createStream(info: StreamInfo, who?: string): Promise<void>;
  stream(name: string): Promise<StreamInfo | undefined>;
  /** By name. */
  streams(): Promise<readonly StreamInfo[]>;
  /** Throws `stream.not-found`; `stream.version-mismatch` when a version is given and it is another now. */
  updateStream(name: string, change: StreamChange, version?: string): Promise<StreamInfo>;
  /**
   * The stream and its packs go, their ids become garbage; gaps, holds that ended, events stay. With `eraseKey` there is a
   * record that its key is to be erased. Throws `stream.held`.
   */
  deleteStream(name: string, who: string, nowMs: number, eraseKey?: boolean): Promise<void>;

  // Packs

  commit(commit: Commit): Promise<void>;
  packs(stream: string, selection: PackSelection, after?: PageKey): Promise<PackPage>;
  /** See `FragmentReader.chain`. */
  chain(stream: string, range: TimeRange): Promise<PackChain | undefined>;
  /** See `FragmentReader.stretches`; `range` in whole hours. */
  stretches(stream: string, range: TimeRange, joinMs: number): Promise<readonly PackStretch[]>;
  pack(stream: string, packId: string): Promise<PackRow | undefined>;
  /** Of this node. */
  openPacks(node: string): Promise<readonly PackRow[]>;
  /** Sealed and not archived packs of this node, oldest first by `receivedFirstMs`. */
  unarchived(node: string, limit: number): Promise<readonly PackRow[]>;
  unarchivedSum(node: string): Promise<Unarchived>;
  /** Sealed packs become archived; returns those that are there. Unlike `commit` it brings none back. */
  archived(packIds: readonly string[]): Promise<readonly string[]>;
  trackSet(id: string): Promise<TrackSetRow | undefined>;
  extent(stream: string): Promise<StreamExtent | undefined>;
  /** The highest sequence in any pack that it ever had, or 0. Removing packs does not lower it. */
  lastSequence(stream: string): Promise<number>;
  /**
   * Takes the fragment lists of archived packs with a list of their own, received before this, out of the index; at most
   * `limit`. Returns how many. Costs in proportion to that.
   */
  thin(receivedBeforeMs: number, limit: number): Promise<number>;

  // Removal (docs/design/retention.md)

  /** Archived packs, oldest first. */
  oldPacks(query: OldPacksQuery): Promise<readonly OldPack[]>;
  /**
   * Rows of these packs go, their ids become garbage, one audit row and the gaps say so. Packs that a hold in force
   * at `atMs` overlaps, that are not archived or not there are left alone: the result says what went.
   */
  remove(removal: Removal): Promise<RemovedPacks>;
  /** Packs whose rows went before this and whose objects may still be there; oldest first. */
  garbage(removedBeforeMs: number, limit: number): Promise<readonly string[]>;
  forgetGarbage(packIds: readonly string[]): Promise<void>;

  // Gaps, holds, audit

  /** Those that overlap, on the producer's clock, by start. At most `limit`. */
  gaps(stream: string, range: TimeRange, limit: number): Promise<readonly GapRow[]>;
  /** The stream's gaps with this cause go, and these come: what was missing with a node may be back. */
  replaceGaps(stream: string, cause: GapCause, gaps: readonly NewGap[]): Promise<void>;
  addHold(hold: HoldRow): Promise<void>;
  /** Ends a hold now. Throws `hold.not-found`. */
  endHold(id: string, who: string, nowMs: number): Promise<HoldRow>;
  /** Of a stream or of all; those in force at `nowMs` only, unless it is undefined. */
  holds(stream: string | undefined, nowMs: number | undefined): Promise<readonly HoldRow[]>;
  addAudit(row: Omit<AuditRow, "id">): Promise<void>;
  /** Newest first. */
  audit(query: { stream?: string; beforeId?: number; limit: number }): Promise<readonly AuditRow[]>;

  // Events and who wants them

  /** After this id, by id. */
  events(afterId: number, limit: number): Promise<readonly EventRow[]>;
  /** The highest id given so far, or 0. */
  lastEventId(): Promise<number>;
  purgeEvents(upToId: number, limit: number): Promise<number>;
  putHook(hook: HookRow): Promise<void>;
  hooks(): Promise<readonly HookRow[]>;
  /** Throws `hook.not-found`. */
  deleteHook(id: string): Promise<void>;
  moveHook(id: string, deliveredId: number): Promise<void>;

  /** Every row of the kind, in pages of at most `limit`: for export. */
  exportRows(kind: ExportKind, after: string | undefined, limit: number): Promise<ExportPage>;
  /** Writes rows of an export as they are; those already there stay. */
  importRows(kind: ExportKind, rows: readonly ExportRow[]): Promise<void>;
  /** Builds anew what has grown loose, while others go on; may take minutes. Names what it did. */
  tidy(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** In an order in which they can be imported. Garbage, leases and nodes are of the place and stay. */
export const EXPORT_KINDS = [
  "streams",
  "trackSets",
  "packs",
  "gaps",
  "holds",
  "audit",
  "hooks",
  "records",
] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];
/** Values as JSON; bytes as base64. */
export type ExportRow = Readonly<Record<string, string | number | boolean | null>>;
export interface ExportPage {
  readonly rows: readonly ExportRow[];
  readonly next: string | undefined;
}

/** Packs per page. */
export const PAGE_PACKS = 128;
