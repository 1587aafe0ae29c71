/** Where a producer's fragments begin: at key frames of the video, or by time when there is none. Pure. */
import type { Frame, Track } from "../../src/media/track.ts";

/** Length of fragments of streams without video, ms. */
const AUDIO_MS = 2000;
/** A fragment without another key frame is cut here, ms: the server cuts at 20 s and would name the rest alike. */
const NO_KEY_MS = 10_000;
/** A step back on a track of more than this begins another fragment, ms: the server takes it for another timeline. */
const BACK_MS = 2000;
/** A fragment of more bytes is cut: servers refuse those over 50 MB. */
const MAX_BYTES = 32 << 20;

/** What is known of the fragment that is open. */
export interface OpenFragment {
  readonly startUs: number;
  readonly bytes: number;
  readonly sealed: boolean;
}

/** `skip`: nothing can be decoded before a key frame. `cut`: begins, but not at a key frame. */
export type Place = "skip" | "begin" | "cut" | "add";

export class Cutter {
  readonly #video: ReadonlySet<number>;
  readonly #lastUs = new Map<number, number>();
  #waitsForKey: boolean;

  constructor(tracks: readonly Track[]) {
    this.#video = new Set(tracks.filter((t) => t.type === "video").map((t) => t.number));
    this.#waitsForKey = this.#video.size > 0;
  }

  /** What to do with the frame, given the newest fragment. */
  place(frame: Frame, open: OpenFragment | undefined): Place {
    const { track, timeUs, key } = frame;
    const isKey = key && this.#video.has(track);
    if (this.#waitsForKey && !isKey) return "skip";
    this.#waitsForKey = false;
    const lastUs = this.#lastUs.get(track) ?? timeUs;
    this.#lastUs.set(track, timeUs);
    if (isKey) return "begin";
    if (open === undefined || open.sealed) return "cut";
    const lengthMs = (timeUs - open.startUs) / 1000;
    const limitMs = this.#video.size > 0 ? NO_KEY_MS : AUDIO_MS;
    const isBack = timeUs < lastUs - BACK_MS * 1000;
    return lengthMs >= limitMs || isBack || open.bytes >= MAX_BYTES ? "cut" : "add";
  }
}
