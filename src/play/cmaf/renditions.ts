/**
 * Which tracks of a track set go into segmented MP4, and how they are parted: the picture, the sound, or both in one.
 * HLS and DASH players take H.264, HEVC, AV1, VP9, AAC and Opus; one picture and one sound. What else a stream has is
 * left out here and named in the playlist.
 */
import { codecString } from "../../media/codec/describe.ts";
import { initSegment } from "../../media/fmp4/init.ts";
import { type Mp4Track, mp4Track } from "../../media/fmp4/mp4-track.ts";
import type { Track, TrackSet } from "../../media/track.ts";

/**
 * `v`: the picture alone, `a`: the sound alone, both with signed composition offsets (CMAF's `cmf2`), which players in
 * browsers place exactly. `av`: both in the same segments, with edit lists, which ffmpeg places exactly: it shows pictures
 * with signed offsets late. docs/formats/cmaf.md.
 */
export type Rendition = "v" | "a" | "av";

/** track_ID of each: the same in every segment, whichever tracks stand beside. */
const VIDEO_ID = 1;
const AUDIO_ID = 2;

/** What RFC 6381 texts of the codecs carried begin with. */
const CARRIED = /^(?:avc1|avc3|hvc1|hev1|av01|vp09|mp4a\.40|opus)/;

export interface Renditions {
  readonly video: Mp4Track | undefined;
  readonly audio: Mp4Track | undefined;
  /** Tracks that no rendition carries. */
  readonly omitted: readonly Track[];
}

type Tracks = Pick<TrackSet, "tracks">;
const known = new WeakMap<Tracks, Renditions>();

/** The first picture and the first sound that can be carried. */
export function renditionsOf(trackSet: Tracks): Renditions {
  const found = known.get(trackSet);
  if (found !== undefined) return found;
  const video = firstOf(trackSet, "video", VIDEO_ID);
  const audio = firstOf(trackSet, "audio", AUDIO_ID);
  const omitted = trackSet.tracks.filter(
    (track) => track !== video?.track && track !== audio?.track,
  );
  const made = { video, audio, omitted };
  known.set(trackSet, made);
  return made;
}

/** The tracks of one rendition, in the order of their ids; none when the set has nothing for it. */
export function tracksOf(trackSet: TrackSet, rendition: Rendition): readonly Mp4Track[] {
  const { video, audio } = renditionsOf(trackSet);
  const wanted = { v: [video], a: [audio], av: [video, audio] }[rendition];
  return wanted.filter((track) => track !== undefined);
}

/** `ftyp` and `moov`. Undefined when the set has nothing for the rendition. */
export function initOf(trackSet: TrackSet, rendition: Rendition): Uint8Array | undefined {
  const tracks = tracksOf(trackSet, rendition);
  return tracks.length === 0 ? undefined : initSegment({ tracks, edits: rendition === "av" });
}

/** RFC 6381, as `CODECS` and `codecs` want it: none when the set has nothing for the rendition. */
export function codecsOf(trackSet: TrackSet, rendition: Rendition): readonly string[] {
  return tracksOf(trackSet, rendition).flatMap(({ track }) => codecString(track) ?? []);
}

function firstOf({ tracks }: Tracks, type: Track["type"], id: number): Mp4Track | undefined {
  for (const track of tracks) {
    if (track.type !== type || !CARRIED.test(codecString(track) ?? "")) continue;
    const media = mp4Track(track, id);
    if (media !== undefined) return media;
  }
  return undefined;
}
