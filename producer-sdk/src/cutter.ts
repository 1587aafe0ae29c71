/** Where a producer's fragments begin: at key frames of the video, or by time when there is none. Pure. */
import type { Frame, Track } from "../../src/media/track.ts";
import type { OutgoingFragment } from "./outgoing-fragment.ts";

/** Length of fragments of streams without video, ms. */
const AUDIO_MS = 2000;
/** A fragment without another key frame is cut here, ms: the server cuts at 20 s and would name the rest alike. */
const NO_KEY_MS = 10_000;
/** A fragment of more bytes is cut: servers refuse those over 50 MB. */
const MAX_BYTES = 32 << 20;

export class Cutter {
  readonly #video: ReadonlySet<number>;
  #waitsForKey: boolean;

  constructor(tracks: readonly Track[]) {
    this.#video = new Set(tracks.filter((t) => t.type === "video").map((t) => t.number));
    this.#waitsForKey = this.#video.size > 0;
  }

  /** What to do with the frame, given the open fragment. `skip`: nothing can be decoded before a key frame. */
  place(frame: Frame, open: OutgoingFragment | undefined): "skip" | "begin" | "add" {
    const isKey = frame.key && this.#video.has(frame.track);
    if (this.#waitsForKey && !isKey) return "skip";
    this.#waitsForKey = false;
    if (open === undefined || open.sealed || isKey) return "begin";
    const lengthMs = (frame.timeUs - open.startUs) / 1000;
    const limitMs = this.#video.size > 0 ? NO_KEY_MS : AUDIO_MS;
    const back = lengthMs < -NO_KEY_MS;
    return lengthMs >= limitMs || back || open.bytes >= MAX_BYTES ? "begin" : "add";
  }
}
