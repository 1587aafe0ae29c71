/**
 * Cuts a producer's Matroska into fragments: items in, events out. Pure: no clock, no I/O.
 *
 * A Cluster that starts with a key frame is a fragment as sent (the KVS rule). Clusters that do not
 * start with one (MediaRecorder, ffmpeg to a pipe) go on with the fragment that is open, which is then
 * cut at the first key frame after `targetMs`. Blocks are stored as they came; only their 16-bit time is
 * rewritten where a fragment takes in a second Cluster. Timing trouble never loses media: a jump ends
 * the run and begins another. docs/design/fragment-lifecycle.md has the rules with their reasons.
 */
import { Fault } from "../base/errors.ts";
import { micros } from "../base/units.ts";
import { retimeBlock } from "../media/mkv/block.ts";
import type { Block, MkvItem, SimpleTag } from "../media/mkv/items.ts";
import { END_OF_FRAGMENT_TAG } from "../media/mkv/live-writer.ts";
import type { Frame, TrackSet } from "../media/track.ts";
import { type CutFragment, FragmentBuilder } from "./fragment-builder.ts";
import { DEFAULT_LIMITS, type FragmentLimits } from "./limits.ts";
import { TagRules } from "./tag-rules.ts";
import { Timeline } from "./timeline.ts";

export type FragmenterEvent =
  /** The tracks of everything that follows. */
  | { readonly kind: "tracks"; readonly trackSet: TrackSet }
  /** A fragment began. `timecode` is its Cluster's Timestamp in ticks, as the producer sent it. */
  | { readonly kind: "opened"; readonly timecode: number; readonly run: number }
  | { readonly kind: "frame"; readonly frame: Frame }
  /** The fragment that was opened last is whole. */
  | { readonly kind: "sealed"; readonly timecode: number; readonly fragment: CutFragment };

export interface FragmenterOptions {
  /** RELATIVE timecodes: the producer's start, ns since the Unix epoch. ABSOLUTE: 0. */
  readonly startNs: bigint;
  readonly limits?: Partial<FragmentLimits>;
}

export class Fragmenter {
  readonly #limits: FragmentLimits;
  readonly #startNs: bigint;
  readonly #tags: TagRules;
  /** Events from `#next` up to `#filled`. The array keeps its length: emptying it for every block costs more. */
  readonly #events: (FragmenterEvent | undefined)[] = [];
  #next = 0;
  #filled = 0;
  #trackSet: TrackSet | undefined;
  /** The current Segment's Tracks have been seen. */
  #afterTracks = false;
  #timeline = new Timeline();
  #video: readonly number[] = [];
  #open: FragmentBuilder | undefined;
  #run = 1;
  #clusterTicks = 0;
  #clusterNs = 0n;
  /** Blocks at the head of a Cluster, before its first picture. */
  #pending: Block[] = [];
  #headDecided = true;
  /** Bytes of the Cluster's blocks so far; not intact: blocks of an earlier one came with them. */
  #clusterBytes = 0;
  #clusterIntact = true;
  /** The producer's Clusters do not follow its key frames. */
  #recut = false;

  constructor({ startNs, limits = {} }: FragmenterOptions) {
    this.#startNs = startNs;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#tags = new TagRules(this.#limits);
  }

  /** Tags that were left out because of the limits. */
  get droppedTags(): number {
    return this.#tags.dropped;
  }

  /** Bytes of the fragment that is open. */
  get openBytes(): number {
    return this.#open?.bytes ?? 0;
  }

  accept(item: MkvItem): void {
    switch (item.kind) {
      case "block":
        this.#block(item.block);
        break;
      case "cluster":
        this.#cluster(item.ticks);
        break;
      case "cluster-end":
        this.#clusterEnd(item.blocksCrc);
        break;
      case "tags":
        this.#acceptTags(item.tags);
        break;
      case "tracks":
        this.#tracks(item.trackSet);
        break;
      case "segment":
        this.finish();
        this.#tags.reset();
        this.#afterTracks = false;
        break;
      default:
        break;
    }
  }

  /** Seals what is open: end of input, idle time, end-of-fragment tag. Frames may follow. */
  finish(): void {
    this.#flushPending();
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined || open.bytes === 0) return;
    const fragment = open.seal();
    this.#emit({ kind: "sealed", timecode: open.start.baseTicks, fragment });
  }

  /** Forgets what is open: its bytes are known to be wrong. */
  discard(): void {
    this.#pending = [];
    this.#open = undefined;
  }

  /** The next event, or `undefined`. */
  pull(): FragmenterEvent | undefined {
    if (this.#next === this.#filled) return undefined;
    const event = this.#events[this.#next];
    this.#events[this.#next] = undefined;
    this.#next++;
    if (this.#next === this.#filled) {
      this.#next = 0;
      this.#filled = 0;
    }
    return event;
  }

  #emit(event: FragmenterEvent): void {
    this.#events[this.#filled] = event;
    this.#filled++;
  }

  #tracks(trackSet: TrackSet): void {
    this.#afterTracks = true;
    if (this.#trackSet !== undefined && sameTracks(this.#trackSet, trackSet)) return;
    this.finish();
    this.#trackSet = trackSet;
    this.#timeline = new Timeline(trackSet);
    // A configuration may change in the middle of a Cluster.
    this.#timeline.cluster(this.#clusterNs);
    this.#video = trackSet.tracks.filter((t) => t.type === "video").map((t) => t.number);
    this.#emit({ kind: "tracks", trackSet });
  }

  #cluster(ticks: number): void {
    const carried = this.#open === undefined ? this.#carry(ticks) : [];
    this.#flushPending();
    const scaleNs = this.#trackSet?.timestampScaleNs ?? 1_000_000;
    this.#clusterTicks = ticks;
    this.#clusterNs = this.#startNs + BigInt(ticks) * BigInt(scaleNs);
    if (this.#clusterNs / 1000n > BigInt(Number.MAX_SAFE_INTEGER))
      throw new Fault("ingest.bad-timestamp", `cluster time ${this.#clusterNs} ns is out of range`);
    this.#timeline.cluster(this.#clusterNs);
    this.#pending = carried;
    this.#clusterBytes = 0;
    this.#clusterIntact = carried.length === 0;
    this.#headDecided = this.#video.length === 0;
    if (this.#headDecided && this.#openMs() >= 1000) this.finish();
  }

  /** The open fragment is this Cluster and nothing else: its blocks' checksum is known. */
  #clusterEnd(blocksCrc: number | undefined): void {
    const open = this.#open;
    if (open === undefined || this.#pending.length > 0) return;
    const whole = this.#clusterIntact && open.bytes === this.#clusterBytes;
    if (whole) open.blocksCrc = blocksCrc;
  }

  /** Sound of a Cluster without pictures, before the first fragment: it goes to the next Cluster's. */
  #carry(nextTicks: number): Block[] {
    const shift = this.#clusterTicks - nextTicks;
    const moved = this.#pending.map((block) => ({ block, ticks: block.relativeTicks + shift }));
    if (moved.some(({ ticks }) => ticks < -0x8000 || ticks > 0x7fff)) return [];
    this.#pending = [];
    return moved.map(({ block, ticks }) => retimed(block, ticks));
  }

  #block(block: Block): void {
    this.#clusterBytes += block.element.length;
    if (this.#headDecided) {
      this.#place(block, this.#cutsBefore(block));
      return;
    }
    if (!this.#isVideo(block)) {
      this.#pending.push(block);
      if (this.#pending.length >= this.#limits.maxPendingBlocks) this.#flushPending();
      return;
    }
    this.#headDecided = true;
    this.#recut ||= !block.key && this.#open !== undefined;
    if (block.key) this.#sealAndKeepPending();
    const pending = this.#pending;
    this.#pending = [];
    for (const held of pending) this.#place(held, block.key && this.#open === undefined, block.key);
    this.#place(block, this.#cutsBefore(block));
  }

  /** Seals the open fragment without giving it the blocks that wait at the head of the new Cluster. */
  #sealAndKeepPending(): void {
    const pending = this.#pending;
    this.#pending = [];
    this.finish();
    this.#pending = pending;
  }

  #flushPending(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    for (const block of pending) this.#place(block, this.#cutsBefore(block));
  }

  /** Whether a fragment ends before this block, by key frames, length and size. */
  #cutsBefore(block: Block): boolean {
    const open = this.#open;
    if (open === undefined || open.bytes === 0) return false;
    const limits = this.#limits;
    if (open.bytes + block.element.length > limits.maxBytes) return true;
    const lengthMs = (this.#timeline.timeUs(block) - open.minUs) / 1000;
    if (this.#video.length === 0) {
      return lengthMs >= (this.#recut ? limits.targetMs : limits.noKeyMs) && this.#setRecut();
    }
    if (block.key && this.#isVideo(block))
      return lengthMs >= (this.#recut ? limits.targetMs : limits.noKeyMs);
    return lengthMs >= (this.#recut ? limits.noKeyMs : limits.maxMs);
  }

  #setRecut(): true {
    this.#recut = true;
    return true;
  }

  /** Puts a block where it belongs, in a new fragment when it must. */
  #place(block: Block, cut: boolean, startsKey = block.key && this.#isVideo(block)): void {
    const timeUs = this.#timeline.timeUs(block);
    if (this.#timeline.breaks(block, timeUs, this.#limits)) {
      this.finish();
      this.#run++;
      this.#timeline.restart();
    } else if (cut) this.finish();
    if (this.#open !== undefined && this.#relative(this.#open, block) === undefined) this.finish();
    const open = this.#open ?? this.#begin(startsKey);
    const relative = this.#relative(open, block) ?? block.relativeTicks;
    const durationUs = this.#timeline.durationUs(block);
    open.add(block, relative, timeUs, durationUs);
    this.#timeline.saw(block, timeUs);
    this.#emitFrames(block, timeUs, durationUs);
  }

  #begin(startsKey: boolean): FragmentBuilder {
    const trackSet = this.#trackSet;
    if (trackSet === undefined) throw new Fault("mkv.no-tracks", "media before any Tracks");
    const open = new FragmentBuilder({
      trackSet,
      baseTicks: this.#clusterTicks,
      clusterNs: this.#clusterNs,
      seekable: this.#video.length === 0 || startsKey,
      run: this.#run,
    });
    open.tags.push(...this.#tags.forNextFragment());
    this.#open = open;
    this.#emit({ kind: "opened", timecode: this.#clusterTicks, run: this.#run });
    return open;
  }

  /** The block's time from the fragment's own Cluster time, or `undefined` when 16 bits cannot say it. */
  #relative(open: FragmentBuilder, block: Block): number | undefined {
    const relative = this.#clusterTicks - open.start.baseTicks + block.relativeTicks;
    return relative >= -0x8000 && relative <= 0x7fff ? relative : undefined;
  }

  #emitFrames(block: Block, timeUs: number, durationUs: number): void {
    const { frames, track, key } = block;
    for (let i = 0; i < frames.length; i++) {
      const payload = frames[i];
      if (payload === undefined) continue;
      const at = micros(Math.round(timeUs + i * durationUs));
      const frame: Frame =
        durationUs > 0
          ? { track, timeUs: at, key, payload, durationUs }
          : { track, timeUs: at, key, payload };
      this.#emit({ kind: "frame", frame });
    }
  }

  #acceptTags(tags: readonly SimpleTag[]): void {
    if (tags.some((tag) => tag.name === END_OF_FRAGMENT_TAG)) this.finish();
    this.#flushPending();
    this.#tags.add(tags, this.#open?.tags, this.#afterTracks);
  }

  #isVideo(block: Block): boolean {
    return this.#video.includes(block.track);
  }

  #openMs(): number {
    const open = this.#open;
    return open === undefined || open.bytes === 0 ? 0 : (open.maxUs - open.minUs) / 1000;
  }
}

/** The same block, its time counted from another Cluster. */
function retimed(block: Block, relativeTicks: number): Block {
  const { track, key, invisible, discardable, lacing, durationTicks, timeOffset, frames, at } =
    block;
  const element = retimeBlock(block, relativeTicks);
  const same = {
    track,
    key,
    invisible,
    discardable,
    lacing,
    durationTicks,
    timeOffset,
    frames,
    at,
  };
  return { ...same, element, relativeTicks };
}

/** Whether a repeated Tracks element says nothing new. */
function sameTracks(a: TrackSet, b: TrackSet): boolean {
  const [x, y] = [a.tracksElement, b.tracksElement];
  if (a.timestampScaleNs !== b.timestampScaleNs || x.length !== y.length) return false;
  return x.every((byte, i) => byte === y[i]);
}
