/**
 * Camera and microphone through WebCodecs: every picture and packet as soon as it is coded, key frames exactly where they
 * are asked for. Driven by the tracks alone, so a hidden tab goes on (player.md part 3).
 */
import type { Track } from "../../../src/media/track.ts";
import type { PutFrame } from "../events.ts";
import {
  AUDIO_TRACK,
  type Capture,
  type CaptureCounts,
  type CaptureOptions,
  VIDEO_TRACK,
} from "./capture.ts";
import { type CodecChoice, codecChoices, defaultBitrate, opusDelayNs } from "./codecs.ts";
import { KeySchedule } from "./key-schedule.ts";
import { TrackClock } from "./track-clock.ts";

/** Pictures waiting in the encoder beyond which new ones are left out. */
const MAX_QUEUE = 4;
const AUDIO_BITS = 64_000;
const SEEK_PREROLL_NS = 80_000_000;
/** Pictures wait so long for the first sound, ms; then they go on without. */
const AUDIO_WAIT_MS = 2000;

interface TrackProcessor<T> {
  readonly readable: ReadableStream<T>;
}

type ProcessorMaker = new <T>(init: { track: MediaStreamTrack }) => TrackProcessor<T>;

function processorMaker(): ProcessorMaker | undefined {
  return (globalThis as { MediaStreamTrackProcessor?: ProcessorMaker }).MediaStreamTrackProcessor;
}

/** Whether this browser has all that is needed. */
export function hasWebCodecs(): boolean {
  return (
    processorMaker() !== undefined && "VideoEncoder" in globalThis && "AudioEncoder" in globalThis
  );
}

/** Rejects when no codec that was asked for can be encoded here. */
export async function startWebCodecs(options: CaptureOptions): Promise<Capture> {
  const [video] = options.media.getVideoTracks();
  const choice = video === undefined ? undefined : await supported(video, options);
  return new WebCodecsCapture(options, choice);
}

function sizeOf(track: MediaStreamTrack) {
  const { width = 640, height = 480, frameRate = 30 } = track.getSettings();
  return { width: width & ~1, height: height & ~1, framerate: frameRate };
}

function encoderConfig(
  { codec, name }: CodecChoice,
  size: { width: number; height: number; framerate: number },
  bitrate: number | undefined,
): VideoEncoderConfig {
  return {
    ...{ codec, ...size, latencyMode: "realtime" },
    bitrate: bitrate ?? defaultBitrate(size.width, size.height, size.framerate),
    // Parameter sets in every key frame: a picture that changes its size needs nothing else.
    ...(name === "h264" ? { avc: { format: "annexb" } } : {}),
  };
}

async function supported(
  track: MediaStreamTrack,
  { codec, bitrate }: CaptureOptions,
): Promise<CodecChoice> {
  for (const choice of codecChoices(codec)) {
    const config = encoderConfig(choice, sizeOf(track), bitrate);
    const answer = await VideoEncoder.isConfigSupported(config).catch(() => undefined);
    if (answer?.supported) return choice;
  }
  throw new Error(`this browser cannot encode ${codec === "auto" ? "any known codec" : codec}`);
}

class WebCodecsCapture implements Capture {
  readonly method = "webcodecs";
  readonly #options: CaptureOptions;
  readonly #choice: CodecChoice | undefined;
  readonly #counts = { captured: 0, encoded: 0, dropped: 0 };
  readonly #readers: ReadableStreamDefaultReader<VideoFrame | AudioData>[] = [];
  readonly #loops: Promise<void>[] = [];
  readonly #video: VideoEncoder | undefined;
  readonly #audio: AudioEncoder | undefined;
  #audioTrack: Track | undefined;
  #videoTrack: Track | undefined;
  #audioDelayUs = 0;
  /** What waits for all tracks to be known; undefined: they are. */
  #held: PutFrame[] | undefined = [];
  #cancelWait: () => void = () => {};

  constructor(options: CaptureOptions, choice: CodecChoice | undefined) {
    this.#options = options;
    this.#choice = choice;
    const [video] = options.media.getVideoTracks();
    const [audio] = options.media.getAudioTracks();
    if (audio !== undefined) this.#audio = this.#listen(audio);
    if (video !== undefined && choice !== undefined) this.#video = this.#watch(video, choice);
    if (this.#audio !== undefined)
      this.#cancelWait = options.clock.after(AUDIO_WAIT_MS, () => this.#release());
  }

  get codec(): string | undefined {
    return this.#choice?.name ?? (this.#audio === undefined ? undefined : "opus");
  }

  get counts(): CaptureCounts {
    return this.#counts;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.cancel().catch(() => {})));
    await Promise.all(this.#loops);
    for (const encoder of [this.#video, this.#audio]) {
      if (encoder === undefined || encoder.state !== "configured") continue;
      await encoder.flush().catch(() => {});
      encoder.close();
    }
    this.#release();
  }

  #watch(track: MediaStreamTrack, choice: CodecChoice): VideoEncoder {
    const { bitrate, keyIntervalMs, clock } = this.#options;
    const times = new TrackClock(clock);
    const keys = new KeySchedule(keyIntervalMs);
    // The encoder keeps a picture's own time and nothing else: by it the time of day is found again.
    const encoder = new VideoEncoder({
      output: (chunk) => this.#coded(chunk, VIDEO_TRACK, chunk.timestamp),
      error: (error) => this.#options.failed(`the encoder failed: ${error.message}`),
    });
    let size = { width: 0, height: 0, framerate: sizeOf(track).framerate };
    this.#pump<VideoFrame>(track, (picture) => {
      this.#counts.captured++;
      if (encoder.state === "closed" || encoder.encodeQueueSize > MAX_QUEUE) {
        this.#counts.dropped++;
        keys.force();
        return;
      }
      const { displayWidth, displayHeight } = picture;
      const [width, height] = [displayWidth & ~1, displayHeight & ~1];
      if (width !== size.width || height !== size.height) {
        size = { ...size, width, height };
        encoder.configure(encoderConfig(choice, size, bitrate));
        this.#newPicture(choice, width, height);
        keys.force();
      }
      const timeUs = times.stamp(picture.timestamp);
      const stamped = new VideoFrame(picture, { timestamp: timeUs });
      encoder.encode(stamped, { keyFrame: keys.isDue(timeUs, 1e6 / size.framerate) });
      stamped.close();
    });
    return encoder;
  }

  /** Pictures of the size before may still be in the encoder: they belong to the tracks that are announced. */
  #newPicture({ codecId }: CodecChoice, width: number, height: number): void {
    const track: Track = {
      ...{ number: VIDEO_TRACK, type: "video", codecId, encoding: "plain" },
      video: { width, height },
    };
    const isFirst = this.#videoTrack === undefined;
    this.#videoTrack = track;
    if (isFirst) this.#settle();
    else
      this.#video?.flush().then(
        () => this.#announce(),
        () => {},
      );
  }

  #listen(track: MediaStreamTrack): AudioEncoder {
    const times = new TrackClock(this.#options.clock);
    const encoder = new AudioEncoder({
      output: (chunk, metadata) => {
        const head = metadata?.decoderConfig?.description;
        if (this.#audioTrack === undefined && metadata?.decoderConfig !== undefined)
          this.#newSound(metadata.decoderConfig, head);
        this.#coded(chunk, AUDIO_TRACK, chunk.timestamp + this.#audioDelayUs);
      },
      error: (error) => this.#options.failed(`the sound's encoder failed: ${error.message}`),
    });
    this.#pump<AudioData>(track, (data) => {
      const { sampleRate, numberOfChannels } = data;
      if (encoder.state === "unconfigured")
        encoder.configure({ codec: "opus", sampleRate, numberOfChannels, bitrate: AUDIO_BITS });
      if (encoder.state === "closed") return;
      const stamped = stampedAudio(data, times.stamp(data.timestamp));
      encoder.encode(stamped);
      stamped.close();
    });
    return encoder;
  }

  #newSound(
    { sampleRate, numberOfChannels: channels }: AudioDecoderConfig,
    description: AllowSharedBufferSource | undefined,
  ): void {
    const head = description === undefined ? undefined : bytesOf(description);
    const codecDelayNs = head === undefined ? 0 : opusDelayNs(head);
    this.#audioDelayUs = Math.round(codecDelayNs / 1000);
    this.#audioTrack = {
      ...{ number: AUDIO_TRACK, type: "audio", codecId: "A_OPUS", encoding: "plain" },
      ...(head === undefined ? {} : { codecPrivate: head }),
      ...{ codecDelayNs, seekPreRollNs: SEEK_PREROLL_NS, audio: { sampleRate, channels } },
    };
    if (this.#held === undefined) this.#announce();
    else this.#settle();
  }

  /** Everything that is expected has shown what it is. */
  #settle(): void {
    const hasVideo = this.#choice === undefined || this.#videoTrack !== undefined;
    const hasAudio = this.#audio === undefined || this.#audioTrack !== undefined;
    if (hasVideo && hasAudio) this.#release();
  }

  #release(): void {
    this.#cancelWait();
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#announce();
    // Sound came first or picture did: in the order of their times.
    held.sort((a, b) => a.timestampUs - b.timestampUs);
    for (const frame of held) this.#options.frame(frame);
  }

  #announce(): void {
    const tracks = [this.#videoTrack, this.#audioTrack].filter((track) => track !== undefined);
    if (tracks.length > 0 && this.#held === undefined) this.#options.tracks(tracks);
  }

  #coded(chunk: EncodedVideoChunk | EncodedAudioChunk, track: number, timestampUs: number): void {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    if (track === VIDEO_TRACK) this.#counts.encoded++;
    const key = track === AUDIO_TRACK || chunk.type === "key";
    const frame: PutFrame = { track, data, timestampUs, key };
    if (this.#held === undefined) this.#options.frame(frame);
    else this.#held.push(frame);
  }

  #pump<T extends VideoFrame | AudioData>(track: MediaStreamTrack, take: (item: T) => void): void {
    const Processor = processorMaker();
    if (Processor === undefined) return;
    const reader = new Processor<T>({ track }).readable.getReader();
    this.#readers.push(reader as ReadableStreamDefaultReader<VideoFrame | AudioData>);
    const loop = async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        try {
          take(value);
        } finally {
          value.close();
        }
      }
    };
    this.#loops.push(
      loop().catch((error: Error) => this.#options.failed(`the device failed: ${error.message}`)),
    );
  }
}

/** The same samples at another time: AudioData has no way to be stamped anew. */
function stampedAudio(data: AudioData, timestamp: number): AudioData {
  const { sampleRate, numberOfFrames, numberOfChannels } = data;
  const samples = new Float32Array(numberOfFrames * numberOfChannels);
  for (let channel = 0; channel < numberOfChannels; channel++)
    data.copyTo(samples.subarray(channel * numberOfFrames), {
      planeIndex: channel,
      format: "f32-planar",
      frameCount: numberOfFrames,
    });
  return new AudioData({
    ...{ format: "f32-planar", sampleRate, numberOfFrames, numberOfChannels, timestamp },
    data: samples,
  });
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  if (ArrayBuffer.isView(source))
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  return new Uint8Array(source).slice();
}
