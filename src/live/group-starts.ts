/**
 * Finds where a viewer can begin: the start of each group of pictures.
 *
 * The first video track of the set is the main one; its key frames start groups. While no video is in
 * the open group (audio-only streams, a camera whose picture has not begun), a group starts every second.
 */
import type { Frame, TrackSet } from "../media/track.ts";

/** Length of a group without video, µs: what a listener who joins hears again. */
export const AUDIO_GROUP_US = 1_000_000;
/** A picture that stood still for so long, µs, no longer keeps the sound's listeners from joining. */
export const VIDEO_SILENT_US = 60_000_000;

export class GroupStarts {
  readonly #main: number | undefined;
  /** Video tracks that had no key frame yet: nothing can decode their frames. */
  readonly #waiting: Set<number>;
  /** Time of the first frame of an open group without video. */
  #audioStartUs: number | undefined;
  /** The open group starts at a video key frame; when the main track's newest frame was. */
  #video = false;
  #videoUs = 0;

  constructor(trackSet: TrackSet) {
    const video = trackSet.tracks.filter((track) => track.type === "video");
    this.#main = video[0]?.number;
    this.#waiting = new Set(video.map((track) => track.number));
  }

  /** No decoder could use this frame: video before the first key frame of its track. */
  useless(frame: Frame): boolean {
    if (this.#waiting.size === 0) return false;
    if (frame.key) this.#waiting.delete(frame.track);
    return this.#waiting.has(frame.track);
  }

  /** True when a group starts at this frame. Call once per frame, in order. */
  starts(frame: Frame): boolean {
    if (frame.track === this.#main) {
      this.#videoUs = frame.timeUs;
      this.#video ||= frame.key;
      if (frame.key) return true;
    }
    if (this.#video && frame.timeUs - this.#videoUs > VIDEO_SILENT_US) this.#forgetVideo();
    if (this.#video) return false;
    const since = this.#audioStartUs;
    const within = since !== undefined && Math.abs(frame.timeUs - since) < AUDIO_GROUP_US;
    if (!within) this.#audioStartUs = frame.timeUs;
    return !within;
  }

  /** Groups go by time until the next key frame, and frames that need an earlier one are useless. */
  #forgetVideo(): void {
    this.#video = false;
    this.#audioStartUs = undefined;
    if (this.#main !== undefined) this.#waiting.add(this.#main);
  }
}
