/**
 * Key frames in a video element of their own, one after another on a made-up timeline: where there is no WebCodecs, as on plain
 * http. Each is written as fragmented MP4 here, appended and sought to.
 */
import { Rope } from "../../../src/base/rope.ts";
import { micros } from "../../../src/base/units.ts";
import type { KeyFrameTrack } from "../../../src/fragment/key-frames.ts";
import { LiveFmp4Muxer } from "../../../src/media/fmp4/live-muxer.ts";
import type { Track } from "../../../src/media/track.ts";
import { nextFrames } from "./next-frames.ts";
import type { Picture, PictureScreen } from "./pictures.ts";

/** Of one picture on the made-up timeline, s. */
const EACH_S = 0.1;
/** So many stay behind the one on screen. */
const KEPT = 20;

export class MseScreen implements PictureScreen {
  readonly #video: HTMLVideoElement;
  readonly #muxer: LiveFmp4Muxer;
  readonly #source = new MediaSource();
  readonly #ready: Promise<SourceBuffer>;
  readonly #url: string;
  #count = 0;

  /** Throws `codec.unsupported`. */
  constructor(video: HTMLVideoElement, track: KeyFrameTrack) {
    this.#video = video;
    this.#muxer = muxerFor(track);
    this.#url = URL.createObjectURL(this.#source);
    this.#ready = this.#open();
    video.src = this.#url;
  }

  static takes(track: KeyFrameTrack): boolean {
    try {
      return MediaSource.isTypeSupported(muxerFor(track).mime);
    } catch {
      return false;
    }
  }

  async show({ payload }: Picture): Promise<void> {
    const buffer = await this.#ready;
    const startS = ++this.#count * EACH_S;
    const chunk = this.#muxer.add({
      ...{ track: 1, key: true, payload: Rope.of(payload) },
      ...{ timeUs: micros(Math.round(startS * 1e6)), durationUs: EACH_S * 1e6 },
    });
    if (chunk === undefined) throw new Error("an empty picture");
    await append(buffer, chunk.bytes);
    // With nothing to come, the decoder gives out what it has.
    this.#source.endOfStream();
    const seeked = once(this.#video, "seeked");
    this.#video.currentTime = startS + EACH_S / 2;
    // Not called while the element is hidden.
    const shown = new Promise((done) => this.#video.requestVideoFrameCallback(done));
    await seeked;
    await Promise.race([shown, nextFrames()]);
    if (this.#count % KEPT === 0 && startS > 2 * KEPT * EACH_S) {
      const done = once(buffer, "updateend");
      buffer.remove(0, startS - KEPT * EACH_S);
      await done;
    }
  }

  close(): void {
    URL.revokeObjectURL(this.#url);
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  async #open(): Promise<SourceBuffer> {
    await once(this.#source, "sourceopen");
    const buffer = this.#source.addSourceBuffer(this.#muxer.mime);
    await append(buffer, this.#muxer.init);
    return buffer;
  }
}

function muxerFor({ codec, codecPrivate, width, height }: KeyFrameTrack): LiveFmp4Muxer {
  const track: Track = {
    ...{ number: 1, type: "video", codecId: codec, encoding: "plain", video: { width, height } },
    ...(codecPrivate === undefined ? {} : { codecPrivate }),
  };
  const trackSet = {
    ...{ tracks: [track], timestampScaleNs: 1_000_000, tracksElement: new Uint8Array(0) },
  };
  return new LiveFmp4Muxer({ trackSet, originUs: 0 });
}

async function append(buffer: SourceBuffer, bytes: Uint8Array): Promise<void> {
  const done = once(buffer, "updateend");
  buffer.appendBuffer(bytes as Uint8Array<ArrayBuffer>);
  await done;
}

/** Rejects when the target says `error` first. */
function once(target: EventTarget, name: string): Promise<void> {
  return new Promise((done, failed) => {
    const stop = new AbortController();
    const { signal } = stop;
    const settle = (run: () => void) => () => {
      stop.abort();
      run();
    };
    target.addEventListener(name, settle(done), { signal });
    const refused = () => failed(new Error("the picture cannot be decoded"));
    target.addEventListener("error", settle(refused), { signal });
  });
}
