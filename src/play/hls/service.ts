/**
 * Segmented playback of a server: what HLS and DASH, by their own URLs and by KVS's, are answered from. Holds nothing
 * that a session would miss: the newest fragments of streams that are watched, and counts that save work.
 */
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { FragmentInfo, FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import type { LiveHub } from "../../live/hub.ts";
import type { TrackSet } from "../../media/track.ts";
import { MadeSegments } from "../cmaf/made-segments.ts";
import { initOf, type Rendition } from "../cmaf/renditions.ts";
import type { Walk } from "../walk.ts";
import { BreakCounts } from "./breaks-before.ts";
import type { EdgeFragment } from "./edge-fragment.ts";
import { KnownPacks } from "./known-packs.ts";
import type { Listed } from "./listed.ts";
import { type FragmentPlace, fragmentFrom } from "./lists.ts";
import type { LiveEdge } from "./live-edge.ts";
import { LiveEdges } from "./live-edges.ts";
import { archivedNow, type LiveList, liveList, MOST_MISSING } from "./live-playlist.ts";
import { Shared } from "./shared.ts";

export interface ServiceOptions {
  readonly reader: FragmentReader;
  readonly hub: LiveHub;
  readonly clock: Clock;
  trackSetId(trackSet: TrackSet): string;
  watch(stream: string): () => void;
}

/** Bytes that never change, in pieces. */
export interface MediaBytes {
  readonly pieces: readonly Uint8Array[];
  readonly etag: string;
}

export interface SegmentWanted {
  readonly rendition: Rendition;
  /** Throws when whoever asks may not have this fragment; called before anything of it is read. */
  may(info: FragmentTimes): void;
}

export type FragmentTimes = Pick<FragmentInfo, "producedStartUs" | "producedEndUs">;

/** The newest list of the archive may be this old, ms: what came since is in the edge. */
const LIST_MS = 200;
/** Longest time that a request for what is not there yet is held, ms. */
export const LONGEST_WAIT_MS = 15_000;
/** A player may ask for so many segments ahead of the newest (rfc8216bis §6.2.5.2), and for those whose number is missing. */
const MOST_AHEAD = 2 + MOST_MISSING;

export class SegmentService {
  readonly reader: FragmentReader;
  readonly counts = new BreakCounts();
  readonly #edges: LiveEdges;
  readonly #made: MadeSegments;
  readonly #packs = new KnownPacks();
  readonly #lists: Shared<readonly Listed[]>;

  constructor(options: ServiceOptions) {
    this.reader = options.reader;
    this.#edges = new LiveEdges(options);
    this.#made = new MadeSegments(options.reader);
    this.#lists = new Shared(options.clock, LIST_MS);
  }

  walk(stream: string): Walk {
    return { reader: this.reader, stream };
  }

  edge(stream: string): LiveEdge {
    return this.#edges.of(stream);
  }

  /** What is live now, with a whole fragment in it, which may be waited for. Throws `stream.not-found`. */
  async begun(stream: string, signal?: AbortSignal): Promise<LiveList> {
    const live = await this.live(stream);
    const { edge } = live;
    const open = edge.fragments.at(-1)?.complete === false;
    if (!open || live.list.length > 1) return live;
    const there = () => edge.fragments.some(({ complete }) => complete);
    await edge.until(there, LONGEST_WAIT_MS, signal);
    return this.live(stream);
  }

  /** What is live now. Throws `stream.not-found`. */
  async live(stream: string): Promise<LiveList> {
    const edge = this.edge(stream);
    const archived = await this.#lists.get(stream, () => archivedNow(this.walk(stream)));
    return liveList(archived, edge);
  }

  /**
   * Holds until the playlist would have this segment, or this part of it, at most 15 s. Throws `request.bad` for one that
   * is too far ahead.
   */
  async reached(
    stream: string,
    wanted: { sequence: number; part: number | undefined; rendition: Rendition },
    signal?: AbortSignal,
  ): Promise<void> {
    const { sequence, part, rendition } = wanted;
    const { list, edge } = await this.live(stream);
    const newest = list.at(-1)?.info.number.sequence ?? sequence;
    if (sequence > newest + MOST_AHEAD)
      throw new Fault("request.bad", `segment ${sequence} is too far ahead of ${newest}`);
    const archived = edge.fragment(newest) === undefined && newest >= sequence;
    if (archived || rendition === "av") return;
    const there = () => edge.has(sequence, part, rendition);
    await edge.until(there, LONGEST_WAIT_MS, signal);
  }

  /** Throws `request.no-media`, `store.*`. */
  async init(stream: string, trackSetId: string, rendition: Rendition): Promise<MediaBytes> {
    const set = this.edge(stream).trackSet(trackSetId) ?? (await this.reader.trackSet(trackSetId));
    const bytes = initOf(set, rendition);
    if (bytes === undefined) throw new Fault("request.no-media", "the tracks have none for this");
    return { pieces: [bytes], etag: `"${trackSetId}-${rendition}"` };
  }

  /** By the fragment's number: from the edge while it is there, from the archive after. Throws `request.no-media`, `store.*`, as `may`. */
  async segment(
    stream: string,
    at: { sequence: number; receivedMs: number },
    { rendition, may }: SegmentWanted,
  ): Promise<MediaBytes> {
    const fresh = this.edge(stream).fragment(at.sequence);
    const same = fresh?.listed?.info.number.receivedMs === at.receivedMs;
    return (
      (same ? fromEdge(fresh, rendition, may) : undefined) ??
      this.#ofArchive(await this.fragmentAt(stream, at), { rendition, may })
    );
  }

  /** By its beginning on the producer's clock, µs. Throws `request.no-media`, `store.*`, as `may`. */
  async segmentFrom(
    stream: string,
    startUs: number,
    { rendition, may }: SegmentWanted,
  ): Promise<MediaBytes> {
    const begins = (one: EdgeFragment) => one.listed?.info.producedStartUs === startUs;
    const fresh = this.edge(stream).fragments.findLast(begins);
    return (
      fromEdge(fresh, rendition, may) ??
      this.#ofArchive(await fragmentFrom(this.walk(stream), startUs), { rendition, may })
    );
  }

  /** Throws `request.no-media`, `stream.not-found`. */
  fragmentAt(stream: string, at: FragmentPlace): Promise<StoredFragment> {
    return this.#packs.fragmentAt(this.walk(stream), at);
  }

  #ofArchive(fragment: StoredFragment, { rendition, may }: SegmentWanted): Promise<MediaBytes> {
    may(fragment.info);
    return this.archived(fragment, rendition);
  }

  async archived(fragment: StoredFragment, rendition: Rendition): Promise<MediaBytes> {
    const made = await this.#made.get(fragment, rendition);
    const { sequence, receivedMs } = fragment.info.number;
    return {
      pieces: [made],
      etag: `"${sequence}-${receivedMs}-${rendition}-${fragment.blocksCrc}"`,
    };
  }

  /** Waits for one that comes next, at most 15 s. Throws `request.no-media`. */
  async part(
    stream: string,
    wanted: { sequence: number; part: number; rendition: Rendition },
    signal?: AbortSignal,
  ): Promise<MediaBytes> {
    const { sequence, part, rendition } = wanted;
    if (rendition === "av") throw new Fault("request.no-media", "muxed segments have no parts");
    const edge = this.edge(stream);
    const newest = edge.fragments.at(-1)?.sequence ?? 0;
    const ahead = sequence >= newest && sequence <= newest + 1;
    if (ahead) await edge.until(() => edge.has(sequence, part, rendition), LONGEST_WAIT_MS, signal);
    const found = edge.fragment(sequence)?.parts(rendition)[part];
    if (found === undefined)
      throw new Fault("request.no-media", "there is no such part, or not any more");
    return { pieces: found.chunks, etag: `"${sequence}.${part}-${rendition}"` };
  }

  close(): void {
    this.#edges.close();
  }
}

/** Undefined: it is not there, or not whole, or has nothing for this rendition. */
function fromEdge(
  fragment: EdgeFragment | undefined,
  rendition: Rendition,
  may: SegmentWanted["may"],
): MediaBytes | undefined {
  if (rendition === "av" || fragment?.complete !== true) return undefined;
  if (fragment.listed !== undefined) may(fragment.listed.info);
  const pieces = fragment.parts(rendition).flatMap(({ chunks }) => chunks);
  return pieces.length === 0 ? undefined : { pieces, etag: `"${fragment.sequence}-${rendition}"` };
}
