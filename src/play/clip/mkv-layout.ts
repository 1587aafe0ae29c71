/**
 * A clip as Matroska (RFC 9559): the archived blocks as they are, in Clusters re-timed to the clip's start.
 * Everything else has a fixed width, so where each byte lies follows from the index. docs/formats/clip.md
 * draws it. A new track set begins another EBML document in the same file.
 */

import { assert } from "../../base/assert.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import { retimeBlocks } from "../../media/mkv/block-scan.ts";
import { idBytes, join, sizeBytes, voidElement } from "../../media/mkv/out.ts";
import {
  CLUSTER_HEADER_BYTES,
  clusterHeader,
  cuePointElement,
  cuesSize,
  ebmlHeader,
  infoElement,
  type SeekPoint,
  seekHeadElement,
  segmentHeader,
  tagsElement,
} from "../../media/mkv/writer.ts";
import type { TrackSet } from "../../media/track.ts";
import { crc32 } from "../../native/crc32.ts";
import { type Extent, ready } from "./extents.ts";
import type { ClipContent, ClipLayout } from "./layout.ts";
import { fragmentsOf, type Piece, unfolded } from "./pieces.ts";

/** Media is read in steps of this many bytes: with the read-ahead, two are in memory. */
const READ_BYTES = 1 << 20;

const CUE_BYTES = cuesSize(1) - cuesSize(0);
const CUES_HEADER_BYTES = cuesSize(0);

/** Largest track number a cue of fixed width can name. */
const MAX_CUE_TRACK = 0xffff;

/** Fragments of one track set, and the document they are in. */
interface Part {
  readonly at: number;
  readonly trackSet: TrackSet;
  readonly pieces: readonly Piece[];
  readonly head: Uint8Array;
  /** Bytes of the head before the Segment's payload. */
  readonly payloadStart: number;
  /** Ns since the Unix epoch on the producer's clock, shift included: tick 0. */
  readonly originNs: bigint;
  readonly fragments: number;
  readonly size: number;
}

export class MkvLayout implements ClipLayout {
  readonly contentType = "video/x-matroska";
  readonly omittedTracks = [];
  readonly size: number;
  readonly #content: ClipContent;
  readonly #parts: readonly Part[];

  constructor(content: ClipContent) {
    this.#content = content;
    this.#parts = partsOf(content);
    this.size = this.#parts.reduce((sum, part) => sum + part.size, 0);
  }

  async *extents(start: number): AsyncGenerator<Extent> {
    for (const part of this.#parts) {
      if (part.at + part.size <= start) continue;
      yield ready(part.at, part.head);
      yield* this.#media(part, start);
      yield* this.#cues(part, start);
    }
  }

  async *#media(part: Part, start: number): AsyncGenerator<Extent> {
    let at = part.at + part.head.length;
    for (const whole of part.pieces) {
      if (at + mediaBytes(whole) <= start) {
        at += mediaBytes(whole);
        continue;
      }
      for await (const piece of unfolded(this.#content.walk, whole)) {
        if (at + mediaBytes(piece) > start) yield* this.#pieceMedia(part, piece, at);
        at += mediaBytes(piece);
      }
    }
  }

  async *#pieceMedia(part: Part, piece: Piece, at: number): AsyncGenerator<Extent> {
    let place = at;
    for (const fragment of await fragmentsOf(this.#content.walk, piece, this.#content.clock)) {
      yield* this.#fragment(part, { piece, fragment, at: place });
      place += fragmentBytes(fragment);
    }
    assert(place === at + mediaBytes(piece), "a pack's totals are not those of its fragments");
  }

  *#fragment(part: Part, place: FragmentPlace): Generator<Extent> {
    const { fragment, at } = place;
    const { blocksSize, packId, blocksOffset } = fragment;
    const { reader, signal } = this.#content.walk;
    const tags = tagsOf(fragment);
    const ticks = clusterTicks(part, place);
    if (ticks < 0) {
      const load = async () => {
        const blocks = await reader.read(packId, blocksOffset, blocksSize, signal);
        return [tags, ...moved(part, place, blocks)];
      };
      yield { at, size: fragmentBytes(fragment), load };
      return;
    }
    const { blocksCrc } = fragment;
    const header = clusterHeader({ ticks, blocksBytes: blocksSize, blocksCrc });
    yield ready(at, join([tags, header]));
    for (let done = 0; done < blocksSize; done += READ_BYTES) {
      const size = Math.min(READ_BYTES, blocksSize - done);
      const load = async () => [await reader.read(packId, blocksOffset + done, size, signal)];
      yield { at: at + TAGS_BYTES + CLUSTER_HEADER_BYTES + done, size, load };
    }
  }

  async *#cues(part: Part, start: number): AsyncGenerator<Extent> {
    let at = part.at + part.size - CUES_HEADER_BYTES - part.fragments * CUE_BYTES;
    let place = part.at + part.head.length;
    const size = sizeBytes(part.fragments * CUE_BYTES, 8);
    yield ready(at, join([idBytes("Cues"), size]));
    at += CUES_HEADER_BYTES;
    for (const whole of part.pieces) {
      if (at + cueBytes(whole) <= start) {
        at += cueBytes(whole);
        place += mediaBytes(whole);
        continue;
      }
      for await (const piece of unfolded(this.#content.walk, whole)) {
        if (at + cueBytes(piece) > start)
          yield ready(at, await this.#pieceCues(part, piece, place));
        at += cueBytes(piece);
        place += mediaBytes(piece);
      }
    }
  }

  async #pieceCues(part: Part, piece: Piece, at: number): Promise<Uint8Array> {
    const points: Uint8Array[] = [];
    let place = at;
    for (const fragment of await fragmentsOf(this.#content.walk, piece, this.#content.clock)) {
      points.push(cueOf(part, { piece, fragment, at: place }));
      place += fragmentBytes(fragment);
    }
    return join(points);
  }
}

interface FragmentPlace {
  readonly piece: Piece;
  readonly fragment: StoredFragment;
  /** In the file. */
  readonly at: number;
}

function partsOf({ pieces, trackSets }: ClipContent): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (let from = 0; from < pieces.length; ) {
    const id = pieces[from]?.trackSetId ?? "";
    let to = from + 1;
    while (pieces[to]?.trackSetId === id) to++;
    const trackSet = trackSets.get(id);
    assert(trackSet !== undefined, "a clip's track set was not loaded");
    const part = partOf(at, trackSet, pieces.slice(from, to));
    parts.push(part);
    at += part.size;
    from = to;
  }
  return parts;
}

function partOf(at: number, trackSet: TrackSet, pieces: readonly Piece[]): Part {
  let fragments = 0;
  let media = 0;
  let startUs = Number.POSITIVE_INFINITY;
  let endUs = 0;
  for (const piece of pieces) {
    fragments += piece.totals.fragments;
    media += mediaBytes(piece);
    startUs = Math.min(startUs, piece.startUs + piece.shiftUs);
    endUs = Math.max(endUs, piece.endUs + piece.shiftUs);
  }
  const originNs = BigInt(startUs) * 1000n;
  const durationTicks = ((endUs - startUs) * 1000) / trackSet.timestampScaleNs;
  const tail = cuesSize(fragments);
  const { head, payloadStart } = headOf({ trackSet, originNs, durationTicks, media, tail });
  const size = head.length + media + tail;
  return { at, trackSet, pieces, head, payloadStart, originNs, fragments, size };
}

interface HeadOptions {
  readonly trackSet: TrackSet;
  readonly originNs: bigint;
  readonly durationTicks: number;
  /** Bytes between the head and the Cues, and of the Cues. */
  readonly media: number;
  readonly tail: number;
}

function headOf({ trackSet, originNs, durationTicks, media, tail }: HeadOptions) {
  const { timestampScaleNs, tracksElement } = trackSet;
  const info = infoElement({ timestampScaleNs, durationTicks, dateUtcNs: originNs });
  const seekBytes = seekHeadElement(seekPoints(0, 0, 0)).length;
  const tracksAt = seekBytes + info.length;
  const mediaAt = tracksAt + tracksElement.length;
  const seekHead = seekHeadElement(seekPoints(seekBytes, tracksAt, mediaAt + media));
  const start = join([ebmlHeader(), segmentHeader(mediaAt + media + tail)]);
  return { head: join([start, seekHead, info, tracksElement]), payloadStart: start.length };
}

function seekPoints(info: number, tracks: number, cues: number): SeekPoint[] {
  return [
    { name: "Info", position: info },
    { name: "Tracks", position: tracks },
    { name: "Cues", position: cues },
  ];
}

/** What a piece takes: of each fragment its Tags, its Cluster header and its blocks. */
function mediaBytes({ totals }: Piece): number {
  return totals.fragments * (TAGS_BYTES + CLUSTER_HEADER_BYTES) + totals.blocksBytes;
}

function cueBytes({ totals }: Piece): number {
  return totals.fragments * CUE_BYTES;
}

function fragmentBytes({ blocksSize }: StoredFragment): number {
  return TAGS_BYTES + CLUSTER_HEADER_BYTES + blocksSize;
}

/** Below 0 when the Cluster began before the clip does: then its blocks have to be moved. */
function clusterTicks({ originNs, trackSet }: Part, { piece, fragment }: FragmentPlace): number {
  const ns = fragment.clusterNs + BigInt(piece.shiftUs) * 1000n - originNs;
  return Math.round(Number(ns) / trackSet.timestampScaleNs);
}

/** First presentation time, in ticks from the part's start. */
function startTicks({ originNs, trackSet }: Part, { piece, fragment }: FragmentPlace): number {
  const us = BigInt(fragment.info.producedStartUs + piece.shiftUs);
  return Math.max(0, Math.round(Number(us * 1000n - originNs) / trackSet.timestampScaleNs));
}

/** Cluster header and blocks of a fragment whose Cluster would begin before the clip. */
function moved(part: Part, place: FragmentPlace, archived: Uint8Array): Uint8Array[] {
  const ticks = startTicks(part, place);
  // Whoever read the bytes may keep them for others.
  const blocks = archived.slice();
  retimeBlocks(blocks, clusterTicks(part, place) - ticks);
  const header = clusterHeader({ ticks, blocksBytes: blocks.length, blocksCrc: crc32(blocks) });
  return [header, blocks];
}

/** A cue where a decoder can start; the same number of Void bytes where it cannot. */
function cueOf(part: Part, place: FragmentPlace): Uint8Array {
  const { tracks } = part.trackSet;
  const track = (tracks.find(({ type }) => type === "video") ?? tracks[0])?.number ?? 0;
  const { seekable, totals } = place.fragment.info;
  const has = totals.some((one) => one.track === track && one.frames > 0);
  if (!seekable || !has || track > MAX_CUE_TRACK) return voidElement(CUE_BYTES);
  const position = place.at + TAGS_BYTES - part.at - part.payloadStart;
  return cuePointElement({ ticks: startTicks(part, place), track, position });
}

/** Who the fragment is, by the names KVS uses. Always `TAGS_BYTES` long. */
function tagsOf({ info }: StoredFragment): Uint8Array {
  const { number, producedStartUs } = info;
  return tagsBytes(formatFragmentNumber(number), number.receivedMs, producedStartUs / 1000);
}

function tagsBytes(number: string, serverMs: number, producerMs: number): Uint8Array {
  const tags = [
    { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: number },
    { name: "AWS_KINESISVIDEO_SERVER_TIMESTAMP", value: seconds(serverMs) },
    { name: "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", value: seconds(producerMs) },
  ];
  return tagsElement(tags, { sizeWidth: 4 });
}

/** Epoch seconds with three decimals, ten digits before the point: until the year 2286 none is too long. */
function seconds(ms: number): string {
  const whole = Math.floor(ms);
  const fraction = String(whole % 1000).padStart(3, "0");
  return `${String(Math.floor(whole / 1000)).padStart(10, "0")}.${fraction}`;
}

const TAGS_BYTES = tagsBytes("1".repeat(47), 0, 0).length;
