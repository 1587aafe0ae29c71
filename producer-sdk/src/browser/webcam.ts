/** A page's camera and microphone as a producer of a stream. */
import type { Clock } from "../../../src/base/clock.ts";
import { asFault, Fault } from "../../../src/base/errors.ts";
import type { Outcome, ProducerEvent, ProducerStats, PutFrame, TokenProvider } from "../events.ts";
import type { FragmentStore } from "../fragment-store.ts";
import { Producer } from "../producer.ts";
import type { Transport } from "../transport.ts";
import { type Capture, type CaptureOptions, VIDEO_TRACK } from "./capture.ts";
import type { VideoCodec } from "./codecs.ts";
import { RateWindow } from "./rate-window.ts";
import { startRecorder } from "./recorder-capture.ts";
import { hasWebCodecs, startWebCodecs } from "./web-codecs-capture.ts";

/** What is pushed, and where. */
export interface WebcamOptions {
  /** The server: `http://host:port` or `https://…`. */
  readonly url: string;
  readonly stream: string;
  /** Create the stream when it is missing. Default false. */
  readonly create?: boolean;
  /** At most one video and one audio track are taken. Its tracks are not stopped at the end. */
  readonly media: MediaStream;
  readonly clock: Clock;
  /** Default: WebCodecs where the browser has it, else MediaRecorder. */
  readonly method?: "auto" | "webcodecs" | "mediarecorder";
  /** Default: the first that this browser encodes, of H.264, VP9, VP8, AV1. */
  readonly codec?: VideoCodec | "auto";
  /** Bits per second of the picture; default: by its size. */
  readonly bitrate?: number;
  /** From key frame to key frame, ms; default 2000. The recorder keeps to it about. */
  readonly keyIntervalMs?: number;
  readonly token?: TokenProvider;
  /** Keeps what is not durable beyond the end of the page: `IndexedDbStore`. */
  readonly store?: FragmentStore;
  readonly transport?: Transport;
  /** Sees every frame that is put. */
  readonly tap?: (frame: PutFrame) => void;
}

/** What happened: what a producer tells, and the devices' news. */
export type WebcamEvent =
  | ProducerEvent
  /** A device was unplugged or its permission withdrawn; the other one goes on. */
  | { readonly kind: "device-ended"; readonly device: "video" | "audio" }
  /** Nothing more is captured: `stop` tells what became of the rest. */
  | { readonly kind: "failed"; readonly reason: string };

/** A webcam as it is now. */
export interface WebcamStats {
  readonly method: Capture["method"];
  readonly codec: string | undefined;
  /** Pictures that were coded, and put. */
  readonly encoded: number;
  /**
   * Pictures taken from the camera, and those of them left out because the encoder was behind: after `stop`, captured is
   * encoded and dropped. `undefined`: a recorder does not say.
   */
  readonly captured: number | undefined;
  readonly dropped: number | undefined;
  /** Over the last seconds: pictures per second that were put, and bits per second of all. */
  readonly fps: number;
  readonly bitrate: number;
  readonly producer: ProducerStats;
}

/** Begins at once. Rejects with `codec.unsupported` when the browser cannot encode what is asked for. */
export async function browserWebcam(options: WebcamOptions): Promise<Webcam> {
  const webcam = new Webcam(options);
  await webcam.begin();
  return webcam;
}

const NONE = { captured: 0, encoded: 0, dropped: 0 };

/** Made by `browserWebcam`. */
export class Webcam {
  readonly #options: WebcamOptions;
  readonly #producer: Producer;
  readonly #listeners = new Set<(event: WebcamEvent) => void>();
  readonly #pictures: RateWindow;
  readonly #all: RateWindow;
  readonly #ends = new AbortController();
  #capture: Capture | undefined;
  #hasTracks = false;

  constructor(options: WebcamOptions) {
    const { url, stream, create = false, clock, token, store, transport } = options;
    this.#options = options;
    this.#pictures = new RateWindow(clock);
    this.#all = new RateWindow(clock);
    this.#producer = new Producer({
      ...{ url, stream, create, clock, tracks: [] },
      ...(token === undefined ? {} : { token }),
      ...(store === undefined ? {} : { store }),
      ...(transport === undefined ? {} : { transport }),
    });
    this.#producer.on((event) => this.#emit(event));
  }

  /** Called by `browserWebcam`. */
  async begin(): Promise<void> {
    const {
      media,
      clock,
      codec = "auto",
      method = "auto",
      bitrate,
      keyIntervalMs = 2000,
    } = this.#options;
    const capture: CaptureOptions = {
      ...{ media, clock, codec, bitrate, keyIntervalMs },
      tracks: (tracks) => {
        this.#producer.setTracks(tracks);
        this.#hasTracks = true;
      },
      frame: (frame) => this.#frame(frame),
      failed: (reason) => this.#emit({ kind: "failed", reason }),
    };
    for (const track of media.getTracks()) {
      const device = track.kind === "video" ? "video" : "audio";
      const ended = () => this.#emit({ kind: "device-ended", device });
      track.addEventListener("ended", ended, { signal: this.#ends.signal });
    }
    const withCodecs = method === "webcodecs" || (method === "auto" && hasWebCodecs());
    try {
      this.#capture = await (withCodecs ? startWebCodecs(capture) : startRecorder(capture));
    } catch (error) {
      this.#ends.abort();
      await this.#producer.end(0);
      throw new Fault("codec.unsupported", asFault(error).message, { cause: error });
    }
  }

  /** Calls `listener` for everything that happens. Returns how to stop that. */
  on(listener: (event: WebcamEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get stats(): WebcamStats {
    const { captured, encoded, dropped } = this.#capture?.counts ?? NONE;
    return {
      method: this.#capture?.method ?? "webcodecs",
      codec: this.#capture?.codec,
      ...{ captured, encoded, dropped },
      fps: this.#pictures.rates.frames,
      bitrate: this.#all.rates.bits,
      producer: this.#producer.stats,
    };
  }

  /** Ends the capture, then waits until all is durable. Resolves with what became of it. */
  async stop(timeoutMs?: number): Promise<Outcome> {
    this.#ends.abort();
    await this.#capture?.stop();
    return this.#producer.end(timeoutMs);
  }

  #frame(frame: PutFrame): void {
    if (!this.#hasTracks) return;
    this.#all.add(frame.data.length);
    if (frame.track === VIDEO_TRACK) this.#pictures.add(frame.data.length);
    this.#options.tap?.(frame);
    this.#producer.putFrame(frame);
  }

  #emit(event: WebcamEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
