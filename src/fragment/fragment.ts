/** What a fragment is, and the ports it passes through. Pure values and interfaces; no I/O, no clock. */
import type { Fault } from "../base/errors.ts";
import type { Rope } from "../base/rope.ts";
import type { Micros, Millis } from "../base/units.ts";
import type { SimpleTag } from "../media/mkv/items.ts";
import type { TrackSet } from "../media/track.ts";
import type { FragmentNumber } from "./fragment-number.ts";

/** What a fragment holds of one track. Counted after lacing and header-stripping are undone. */
export interface TrackTotals {
  readonly track: number;
  readonly frames: number;
  readonly keyframes: number;
  readonly payloadBytes: number;
}

/** Times, counts and flags of a fragment. The index keeps exactly this for each one. */
export interface FragmentInfo {
  readonly number: FragmentNumber;
  /** Earliest presentation time in it (B-frames: not always the first frame's). */
  readonly producedStartUs: Micros;
  /** Latest presentation time + duration, estimated for the last frame. Above `producedStartUs`. */
  readonly producedEndUs: Micros;
  /** False: does not start at a key frame; a decoder needs an earlier fragment of the same run. */
  readonly seekable: boolean;
  /** Counts up per producer session; a new run is a new timeline (clock jump, reconnect). */
  readonly session: string;
  readonly run: number;
  readonly totals: readonly TrackTotals[];
}

/** A whole fragment, cut and ready to be stored. */
export interface SealedFragment {
  readonly info: FragmentInfo;
  readonly trackSet: TrackSet;
  /** Cluster time: nanoseconds since the Unix epoch on the producer's clock. */
  readonly clusterNs: bigint;
  /** Matroska block elements (SimpleBlock, BlockGroup), times relative to `clusterNs` in the track set's scale. */
  readonly blocks: Rope;
  /** The producer's own tags for this fragment. */
  readonly tags: readonly SimpleTag[];
  /** CRC-32 of `blocks`, when it is known already. */
  readonly blocksCrc?: number;
}

/** A fragment that survives a crash, and where its bytes are. */
export interface StoredFragment {
  readonly info: FragmentInfo;
  readonly packId: string;
  /** Hash of the track set in force. */
  readonly trackSetId: string;
  /** Byte range of the fragment in its pack: its Tags element and its Cluster, both whole. */
  readonly offset: number;
  readonly size: number;
  /** Byte range of its block elements: the end of the Cluster. */
  readonly blocksOffset: number;
  readonly blocksSize: number;
  /** CRC-32 of the block bytes alone: lets a clip re-time a Cluster without reading its media. */
  readonly blocksCrc: number;
  /** The Cluster's time, nanoseconds since the Unix epoch. */
  readonly clusterNs: bigint;
}

export interface RecordingOptions {
  readonly stream: string;
  /** Unique per producer connection. */
  readonly session: string;
  /** Called with fragments of this session, in their order, when their pack is verified in the object store. */
  archived?(stored: readonly StoredFragment[]): void;
}

/** Where finished fragments go: implemented by the archive, used by ingest. */
export interface FragmentSink {
  /** Throws `stream.not-found`. Several recordings of one stream may be open at once. */
  open(options: RecordingOptions): Promise<Recording>;
}

export interface Recording {
  /** False: retention is 0, fragments are live only and `append` must not be called. */
  readonly persists: boolean;
  /** The number of a fragment that begins to arrive now. Rises strictly per stream. */
  nextNumber(): FragmentNumber;
  /**
   * Takes a fragment at once; resolves when it is PERSISTED: bytes fsynced and found by the index. One that is
   * stored already (same Cluster time, size and checksum) is not stored again: resolves with the one that is.
   * Rejects with `store.*` or `index.unavailable`; then the fragment is not acked and not found.
   */
  append(fragment: SealedFragment): Promise<StoredFragment>;
  /** Something came that could not be taken: what explains the hole it leaves. */
  failed(fault: Fault): void;
  /** Bytes taken and not yet durable. A producer's bytes are not read while this is above a limit. */
  readonly pendingBytes: number;
  /** Resolves when all taken fragments have been decided. The pack may then be sealed after a grace time. */
  close(): Promise<void>;
}

/** Which clock a time range is on. */
export type ClockName = "producer" | "server";

/** Half open: `fromMs` ≤ t < `toMs`. */
export interface TimeRange {
  readonly fromMs: Millis;
  readonly toMs: Millis;
}

/** Totals of many fragments, enough for the exact size of any clip made from them. */
export interface PackTotals {
  readonly fragments: number;
  readonly blocksBytes: number;
  /** Per track: in how many fragments it occurs, and sums over them. */
  readonly tracks: readonly (TrackTotals & { readonly fragments: number })[];
}

/** One pack as the index knows it, without its fragment list. */
export interface PackSummary {
  readonly packId: string;
  readonly trackSetId: string;
  readonly sealed: boolean;
  readonly producedStartUs: Micros;
  readonly producedEndUs: Micros;
  /** Server times of its first and last fragment (when they began to arrive). */
  readonly receivedFirstMs: Millis;
  readonly receivedLastMs: Millis;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly bytes: number;
  readonly totals: PackTotals;
}

/**
 * Two numbers below 2^48 from a hash of what a pack is. Those of many packs are added, modulo 2^48 each: the sum
 * says which packs they were, and that of a chain is a difference of two sums.
 */
export type Fingerprint = readonly [number, number];

/**
 * Sealed packs of one track set that follow each other on both clocks, nothing else between them, as if they
 * were one: found in steps that do not depend on how many they are.
 */
export interface PackChain {
  readonly trackSetId: string;
  readonly totals: PackTotals;
  readonly fingerprint: Fingerprint;
  /** Of its first and of its last pack; so do the sequences. */
  readonly producedStartUs: Micros;
  readonly producedEndUs: Micros;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/**
 * Packs follow each other although the end of one, which is an estimate, lies a little after the start of
 * the next. With no more than this, µs, they are taken one after the other without a look at their lists.
 */
export const CHAIN_OVERLAP_US = 1_000_000;

/** No pack spans more than this on the producer's or the server's clock: it bounds time queries. */
export const MAX_PACK_SPAN_MS = 600_000;

/** Why media was removed. */
export type RemovalCause = "age" | "size" | "space" | "user" | "corrupt";

/**
 * Why a stretch has no media. `offline`: no producer was connected; `error`: what came could not be taken (an ERROR
 * ack said so); `disk-full`: the archive took nothing; `clock-step`: the producer's clock went on somewhere else;
 * `node-lost`: on the disk of a node that has not come back; `age`, `size`, `space`: retention; `user`: somebody deleted it;
 * `corrupt`: bytes that did not match their checksum.
 */
export type GapCause =
  | "offline"
  | "error"
  | "disk-full"
  | "clock-step"
  | "node-lost"
  | RemovalCause;

/** A stretch of the producer's clock that was written down as without media, half open. */
export interface RecordedGap {
  readonly startUs: Micros;
  readonly endUs: Micros;
  readonly cause: GapCause;
  /** For people: an error's text, a node's name. */
  readonly detail?: string;
  /** When it was written down, server time. */
  readonly recordedMs: Millis;
}

/** Selects packs that may hold matching fragments. */
export type PackSelection =
  | { readonly by: "time"; readonly clock: ClockName; readonly range: TimeRange }
  /** Fragments whose sequence is above this one. */
  | { readonly by: "sequence"; readonly after: number };

/** Reading side of the archive: implemented by the archive, used by play. */
export interface FragmentReader {
  /**
   * Packs that overlap the selection, in order of their first fragment on the selected clock (or by
   * sequence), a page at a time: never more than a page in memory. Throws `stream.not-found`.
   */
  packs(
    stream: string,
    selection: PackSelection,
    signal?: AbortSignal,
  ): AsyncIterable<readonly PackSummary[]>;
  /**
   * The middle of a range on the producer's clock, when it is one chain: packs wholly inside it, not the first of
   * those. Every other pack of the range comes before them or after them by time and by sequence. Undefined
   * where sessions overlap, tracks change, or there are few packs: then they have to be looked at.
   */
  chain(stream: string, range: TimeRange): Promise<PackChain | undefined>;
  /**
   * What packs that begin in these whole hours cover, on the producer's clock, by start: packs less than `joinMs` (and 1 s)
   * apart are one stretch. Undefined where it is not known: then they have to be looked at. Costs in proportion
   * to the hours.
   */
  stretches(
    stream: string,
    range: TimeRange,
    joinMs: number,
  ): Promise<readonly PackStretch[] | undefined>;
  /** The fragments of one pack in the order they were stored. Throws `store.not-found`. */
  fragments(stream: string, packId: string): Promise<readonly StoredFragment[]>;
  /** Throws `store.not-found`. */
  trackSet(id: string): Promise<TrackSet>;
  /** Exactly these bytes of a pack. Throws `store.not-found`, `store.corrupt` (pack too short). */
  read(packId: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Gaps that were written down and overlap the range, on the producer's clock, by start; at most `limit`. Media may
   * have come into them since, and those of different causes may overlap.
   */
  gaps(stream: string, range: TimeRange, limit: number): Promise<readonly RecordedGap[]>;
  /** Oldest and newest media of a stream, or undefined when there is none. */
  extent(stream: string): Promise<StreamExtent | undefined>;
}

/** Packs that follow each other, or overlap. */
export interface PackStretch {
  readonly startUs: Micros;
  readonly endUs: Micros;
  readonly packs: number;
  readonly fragments: number;
  /** Of the packs, whole. */
  readonly bytes: number;
  /** The longest of these packs: what is missing inside a pack is shorter. */
  readonly longestUs: number;
}

export interface StreamExtent {
  readonly producedStartUs: Micros;
  readonly producedEndUs: Micros;
  readonly receivedFirstMs: Millis;
  readonly receivedLastMs: Millis;
  readonly bytes: number;
}

/** A named channel, as the catalogue keeps it. */
export interface StreamInfo {
  /** 1 to 256 of `A-Z a-z 0-9 _ . -` (the KVS rule). */
  readonly name: string;
  readonly createdMs: Millis;
  /** Hours; 0 = live only; at most 87,600. */
  readonly retentionHours: number;
  /** Oldest media goes when there is more than this; 0: no bound. */
  readonly retentionBytes: number;
  readonly mediaType?: string;
  /** What interfaces keep with a stream (tags, a device's name, …), by who keeps it; values are plain JSON. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Opaque; changes with every change. */
  readonly version: string;
}

export interface StreamCatalogue {
  /** Throws `stream.exists`, `stream.bad-name`, `request.bad` (retention out of range). */
  create(options: {
    name: string;
    retentionHours: number;
    /** Default 0: no bound. */
    retentionBytes?: number;
    mediaType?: string;
    attributes?: StreamInfo["attributes"];
    /** For the audit; default `server`. */
    who?: string;
  }): Promise<StreamInfo>;
  /** Throws `stream.not-found`. */
  get(name: string): Promise<StreamInfo>;
  list(): Promise<readonly StreamInfo[]>;
  /** Removes the stream and all its media. Throws `stream.not-found`. */
  delete(name: string): Promise<void>;
}
