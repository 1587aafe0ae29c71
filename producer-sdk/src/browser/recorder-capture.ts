/**
 * Camera and microphone through MediaRecorder, for browsers without WebCodecs: what it records is read as the byte
 * stream it is (borders of its chunks and Clusters mean nothing) and put frame by frame, like anything else.
 */
import { framesOf } from "../../../src/media/mkv/consumer.ts";
import { MkvReader } from "../../../src/media/mkv/reader.ts";
import type { Frame, Track, TrackSet } from "../../../src/media/track.ts";
import {
  AUDIO_TRACK,
  type Capture,
  type CaptureCounts,
  type CaptureOptions,
  VIDEO_TRACK,
} from "./capture.ts";
import { defaultBitrate } from "./codecs.ts";
import { recorderType } from "./recorder-types.ts";
import { TrackClock } from "./track-clock.ts";

/** A chunk so often, ms: what it adds to the delay. */
const SLICE_MS = 100;

/** Rejects, in words for people, when this browser cannot record WebM or Matroska. */
export async function startRecorder(options: CaptureOptions): Promise<Capture> {
  if (!("MediaRecorder" in globalThis)) throw new Error("this browser cannot record");
  const { media, codec } = options;
  const hasVideo = media.getVideoTracks().length > 0;
  const isSupported = (type: string) => MediaRecorder.isTypeSupported(type);
  return new RecorderCapture(options, recorderType({ hasVideo, codec }, isSupported));
}

class RecorderCapture implements Capture {
  readonly method = "mediarecorder";
  readonly #options: CaptureOptions;
  readonly #recorder: MediaRecorder;
  readonly #reader = new MkvReader();
  readonly #times: TrackClock;
  readonly #stopped: Promise<void>;
  #order: Promise<void> = Promise.resolve();
  #trackSet: TrackSet | undefined;
  #encoded = 0;

  constructor(options: CaptureOptions, mimeType: string) {
    const { media, bitrate, keyIntervalMs, clock } = options;
    this.#options = options;
    this.#times = new TrackClock(clock);
    const [video] = media.getVideoTracks();
    const { width = 640, height = 480, frameRate = 30 } = video?.getSettings() ?? {};
    const settings: MediaRecorderOptions & { videoKeyFrameIntervalDuration: number } = {
      mimeType,
      videoBitsPerSecond: bitrate ?? defaultBitrate(width, height, frameRate),
      videoKeyFrameIntervalDuration: keyIntervalMs,
    };
    this.#recorder = new MediaRecorder(media, settings);
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#chunk(data));
    this.#recorder.addEventListener("error", () => options.failed("the recorder failed"));
    this.#stopped = new Promise((resolve) =>
      this.#recorder.addEventListener("stop", () => resolve(), { once: true }),
    );
    this.#recorder.start(SLICE_MS);
  }

  get codec(): string | undefined {
    const video = this.#trackSet?.tracks.find(({ type }) => type === "video");
    return (video ?? this.#trackSet?.tracks[0])?.codecId.toLowerCase().replace(/^[va]_/, "");
  }

  get counts(): CaptureCounts {
    return { captured: undefined, encoded: this.#encoded, dropped: undefined };
  }

  async stop(): Promise<void> {
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    await this.#stopped;
    await this.#order;
  }

  #chunk(data: Blob): void {
    const bytes = data.arrayBuffer();
    this.#order = this.#order
      .then(async () => this.#take(new Uint8Array(await bytes)))
      .catch((error: Error) =>
        this.#options.failed(`what was recorded is broken: ${error.message}`),
      );
  }

  #take(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    for (let item = this.#reader.pull(); item !== undefined; item = this.#reader.pull()) {
      if (item.kind === "tracks") {
        this.#trackSet = item.trackSet;
        this.#options.tracks(item.trackSet.tracks.map((t) => ({ ...t, number: numberOf(t) })));
      }
      if (item.kind !== "block" || this.#trackSet === undefined) continue;
      const { tracks } = this.#trackSet;
      for (const frame of framesOf(item.block, item.clusterTicks, this.#trackSet)) {
        const track = tracks.find(({ number }) => number === frame.track);
        if (track !== undefined) this.#give(frame, numberOf(track));
      }
    }
  }

  #give({ payload, timeUs, key }: Frame, track: number): void {
    if (track === VIDEO_TRACK) this.#encoded++;
    // One clock for both: the recorder has put them on one.
    const timestampUs = this.#times.stamp(timeUs, track);
    this.#options.frame({ track, data: payload.toBytes(), timestampUs, key });
  }
}

/** Recorders number tracks as they come. */
function numberOf({ type }: Track): number {
  return type === "video" ? VIDEO_TRACK : AUDIO_TRACK;
}
