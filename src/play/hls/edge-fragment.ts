/**
 * A fragment of the live hub, before the archive has it: described as the archive will describe it, and cut into parts.
 * Pure.
 */
import { micros } from "../../base/units.ts";
import type { TrackTotals } from "../../fragment/fragment.ts";
import type { FragmentItem, FrameItem, TimelineItem } from "../../live/items.ts";
import type { LiveFmp4Muxer } from "../../media/fmp4/live-muxer.ts";
import type { Track } from "../../media/track.ts";
import { type Rendition, renditionsOf } from "../cmaf/renditions.ts";
import type { Listed } from "./listed.ts";
import { type Part, PartCutter } from "./part-cutter.ts";

/** Those that have parts: picture and sound apart. */
export type PartRendition = Exclude<Rendition, "av">;

interface TrackState {
  readonly track: Track;
  frames: number;
  keyframes: number;
  payloadBytes: number;
  minUs: number;
  maxUs: number;
  lastDurationUs: number;
}

export class EdgeFragment {
  readonly sequence: number;
  readonly timeline: TimelineItem;
  readonly trackSetId: string;
  /** All of its frames came by: it can be served from here. */
  readonly whole: boolean;
  complete = false;
  bytes = 0;
  readonly #item: FragmentItem;
  readonly #muxer: LiveFmp4Muxer;
  readonly #tracks: readonly TrackState[];
  readonly #video: number | undefined;
  readonly #audio: number | undefined;
  readonly #cutters = { v: new PartCutter(), a: new PartCutter() };
  #seekable: boolean | undefined;

  constructor(options: {
    item: FragmentItem;
    timeline: TimelineItem;
    trackSetId: string;
    muxer: LiveFmp4Muxer;
  }) {
    const { item, timeline, trackSetId, muxer } = options;
    this.sequence = item.number.sequence;
    this.whole = item.whole;
    this.timeline = timeline;
    this.trackSetId = trackSetId;
    this.#item = item;
    this.#muxer = muxer;
    const { video, audio } = renditionsOf(timeline.trackSet);
    this.#video = video?.track.number;
    this.#audio = audio?.track.number;
    this.#tracks = timeline.trackSet.tracks.map((track) => ({
      ...{ track, frames: 0, keyframes: 0, payloadBytes: 0, lastDurationUs: 0 },
      ...{ minUs: Number.POSITIVE_INFINITY, maxUs: Number.NEGATIVE_INFINITY },
    }));
  }

  /** Throws what the muxer throws of a damaged frame. */
  add({ frame, startsGroup }: FrameItem): void {
    const state = this.#tracks.find(({ track }) => track.number === frame.track);
    // Sound may stand in front of the key frame that the fragment was cut for.
    if (state?.track.type === "video") this.#seekable ??= startsGroup;
    if (state !== undefined) count(state, frame);
    const chunk = this.#muxer.add(frame);
    if (chunk === undefined) return;
    this.bytes += chunk.bytes.length;
    if (frame.track === this.#video) this.#cutters.v.add(chunk);
    if (frame.track === this.#audio) this.#cutters.a.add(chunk);
  }

  finish(): void {
    this.complete = true;
    for (const cutter of Object.values(this.#cutters)) cutter.finish();
  }

  parts(rendition: PartRendition): readonly Part[] {
    return this.#cutters[rendition].parts;
  }

  /** As the archive will list it; undefined before its first frame. */
  get listed(): Listed | undefined {
    const present = this.#tracks.filter(({ frames }) => frames > 0);
    if (present.length === 0) return undefined;
    const video = present.filter(({ track }) => track.type === "video");
    const startUs = Math.floor(Math.min(...present.map(({ minUs }) => minUs)));
    const ends = (video.length > 0 ? video : present).map((state) => this.#endOf(state));
    return {
      trackSetId: this.trackSetId,
      info: {
        number: this.#item.number,
        producedStartUs: micros(startUs),
        producedEndUs: micros(Math.max(startUs + 1, ...ends)),
        seekable: this.#seekable ?? true,
        session: this.timeline.session,
        run: this.timeline.run,
        totals: present.map(totalsOf),
      },
    };
  }

  /** The same estimate as the fragment's own (src/fragment/fragment-builder.ts), so that it does not change later. */
  #endOf({ track, frames, minUs, maxUs, lastDurationUs }: TrackState): number {
    if (lastDurationUs > 0) return Math.round(maxUs + lastDurationUs);
    const tickUs = this.timeline.trackSet.timestampScaleNs / 1000;
    const mean = frames > 1 ? (maxUs - minUs) / (frames - 1) : 0;
    const said = (track.defaultDurationNs ?? 0) / 1000;
    const ticks = Math.floor(((said > 0 ? said : mean) + 1e-6) / tickUs);
    return Math.round(maxUs + Math.max(1, ticks) * tickUs);
  }
}

function count(state: TrackState, { timeUs, durationUs, key, payload }: FrameItem["frame"]): void {
  state.frames++;
  if (key) state.keyframes++;
  state.payloadBytes += payload.length;
  if (timeUs < state.minUs) state.minUs = timeUs;
  if (timeUs < state.maxUs) return;
  state.maxUs = timeUs;
  state.lastDurationUs = durationUs ?? 0;
}

function totalsOf({ track, frames, keyframes, payloadBytes }: TrackState): TrackTotals {
  return { track: track.number, frames, keyframes, payloadBytes };
}
