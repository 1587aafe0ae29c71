/**
 * Frames to live fragmented MP4 for Media Source Extensions: one `moof` + `mdat` per frame, each ready the
 * moment its frame is there (ISO/IEC 14496-12 §8.8).
 *
 * Carries the first video and the first audio track that browsers take in MP4. Left out: VP8 and MPEG audio,
 * which no browser takes in MP4 through MSE; PCM and G.711, which MP4 does not hold here.
 */
import { Fault } from "../../base/errors.ts";
import { codecString } from "../codec/describe.ts";
import { reorderFrames } from "../codec/reorder.ts";
import type { Frame, Track, TrackSet } from "../track.ts";
import { NON_SYNC_SAMPLE, SYNC_SAMPLE } from "./clip-fragment.ts";
import { FrameTemplate } from "./frame-template.ts";
import { initSegment } from "./init.ts";
import { AudioTimes, type LiveTimes, type SampleTime, VideoTimes } from "./live-times.ts";
import { type Mp4Track, mp4Track } from "./mp4-track.ts";

export interface LiveMuxerOptions {
  readonly trackSet: TrackSet;
  /** Media time 0, µs since the Unix epoch; not after the first frame. Earlier frames are shown at 0. */
  readonly originUs: number;
  /**
   * Decode times are not delayed by what the stream reorders: they begin with the first presentation time, as those of
   * archived segments do, and composition offsets are signed. Default: no offset is negative.
   */
  readonly signedOffsets?: boolean;
}

export interface LiveChunk {
  /** A whole media segment. */
  readonly bytes: Uint8Array;
  readonly key: boolean;
  /** How long it says it is shown, µs: of a picture an estimate. */
  readonly durationUs: number;
}

interface LiveTrack {
  readonly number: number;
  readonly media: Mp4Track;
  readonly times: LiveTimes;
  readonly template: FrameTemplate;
}

/** In MP4 by its standards, but by no browser's MSE. */
const NOT_IN_MSE = new Set(["V_VP8", "A_MPEG/L2", "A_MPEG/L3"]);

export class LiveFmp4Muxer {
  /** `ftyp` and `moov`, without any duration. */
  readonly init: Uint8Array;
  /** For `MediaSource.addSourceBuffer`. */
  readonly mime: string;
  /** Numbers of the tracks carried. */
  readonly tracks: readonly number[];
  readonly #originUs: number;
  readonly #signed: boolean;
  readonly #live: readonly LiveTrack[];
  #sequence = 0;

  /** Throws `codec.unsupported` when no track can be carried. */
  constructor({ trackSet, originUs, signedOffsets = false }: LiveMuxerOptions) {
    const types = ["video", "audio"] as const;
    const media = types.flatMap((type, i) => firstOf(trackSet, type, i + 1));
    if (media.length === 0)
      throw new Fault("codec.unsupported", "no track that a browser takes in MP4");
    this.#originUs = originUs;
    this.#signed = signedOffsets;
    this.#live = media.map(liveTrack);
    this.tracks = media.map(({ track }) => track.number);
    this.init = initSegment({ tracks: media });
    const kind = media.some(({ track }) => track.type === "video") ? "video" : "audio";
    const codecs = media.map(({ track }) => codecString(track));
    this.mime = `${kind}/mp4; codecs="${codecs.join(",")}"`;
  }

  /** Frames in decode order per track. Undefined: the track is not carried, or the frame is empty. */
  add(frame: Frame): LiveChunk | undefined {
    const live = this.#track(frame.track);
    if (live === undefined || frame.payload.length === 0) return undefined;
    const { media, times, template } = live;
    const ticks = (us: number) => Math.round((us * media.timescale) / 1e6);
    const duration =
      media.samplesOf(frame.payload) ??
      (frame.durationUs !== undefined && frame.durationUs > 0
        ? ticks(frame.durationUs)
        : undefined);
    const shown = Math.max(0, ticks(frame.timeUs - this.#originUs) - media.delayTicks);
    const delayed = times.next({ shown, duration, key: frame.key });
    const time = this.#signed ? undelayed(delayed, media.reorderTicks) : delayed;
    const flags = frame.key ? SYNC_SAMPLE : NON_SYNC_SAMPLE;
    const bytes = template.fill({
      sequence: ++this.#sequence,
      time,
      flags,
      payload: frame.payload,
    });
    return { bytes, key: frame.key, durationUs: (time.duration * 1e6) / media.timescale };
  }

  /** Two at most: a loop is faster than a map. */
  #track(number: number): LiveTrack | undefined {
    for (const live of this.#live) if (live.number === number) return live;
    return undefined;
  }
}

function undelayed({ decode, duration, offset }: SampleTime, ticks: number): SampleTime {
  return { decode: decode + ticks, duration, offset: offset - ticks };
}

function firstOf({ tracks }: TrackSet, type: Track["type"], id: number): Mp4Track[] {
  for (const track of tracks) {
    if (track.type !== type || NOT_IN_MSE.has(track.codecId)) continue;
    const media = codecString(track) === undefined ? undefined : mp4Track(track, id);
    if (media !== undefined) return [media];
  }
  return [];
}

function liveTrack(media: Mp4Track): LiveTrack {
  const { track, timescale, id } = media;
  const { defaultDurationNs = 0 } = track;
  const options = {
    timescale,
    ...(defaultDurationNs > 0 ? { frameUs: defaultDurationNs / 1000 } : {}),
  };
  const times =
    track.type === "audio"
      ? new AudioTimes(options)
      : new VideoTimes({ ...options, reorder: reorderFrames(track) ?? 0 });
  return { number: track.number, media, times, template: new FrameTemplate(id) };
}
