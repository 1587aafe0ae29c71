/** Key frames decoded by WebCodecs (W3C) into a canvas. Where the page is secure: not on plain http but of this machine. */
import type { KeyFrameTrack } from "../../../src/fragment/key-frames.ts";
import type { Picture, PictureScreen } from "./pictures.ts";

/** Codecs whose description is their CodecPrivate (WebCodecs registry); the others have all in the stream. */
const DESCRIBED = /^(?:avc1|hvc1)/;

export class CanvasScreen implements PictureScreen {
  readonly #canvas: HTMLCanvasElement;
  readonly #decoder: VideoDecoder;
  #track: KeyFrameTrack | undefined;
  #error: DOMException | undefined;
  #frame: VideoFrame | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#decoder = new VideoDecoder({
      output: (frame) => {
        this.#frame?.close();
        this.#frame = frame;
      },
      error: (error) => {
        this.#error = error;
      },
    });
  }

  /** Whether this browser decodes it so. */
  static async takes(track: KeyFrameTrack): Promise<boolean> {
    const config = configOf(track);
    if (config === undefined || typeof VideoDecoder === "undefined") return false;
    const answer = await VideoDecoder.isConfigSupported(config).catch(() => undefined);
    return answer?.supported === true;
  }

  async show({ timeMs, payload, track }: Picture): Promise<void> {
    if (track !== this.#track) {
      const config = configOf(track);
      if (config === undefined) throw new Error(`no decoder for ${track.codec}`);
      this.#decoder.configure(config);
      this.#track = track;
    }
    const timestamp = Math.round(timeMs * 1000);
    this.#decoder.decode(new EncodedVideoChunk({ type: "key", timestamp, data: payload }));
    // Each is a key frame: nothing is lost by having all that was decoded handed out at once.
    await this.#decoder.flush();
    if (this.#error !== undefined) throw this.#error;
    // Drawn at the moment at which the caller's time changes: nobody sees one without the other.
    if (this.#frame !== undefined) this.#draw(this.#frame);
    this.#frame = undefined;
  }

  close(): void {
    this.#frame?.close();
    this.#frame = undefined;
    if (this.#decoder.state !== "closed") this.#decoder.close();
  }

  #draw(frame: VideoFrame): void {
    const { displayWidth: width, displayHeight: height } = frame;
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#canvas.getContext("2d")?.drawImage(frame, 0, 0, width, height);
    frame.close();
  }
}

function configOf({ codecString, codecPrivate, width, height }: KeyFrameTrack) {
  if (codecString === undefined) return undefined;
  const described = DESCRIBED.test(codecString) && codecPrivate !== undefined;
  return {
    ...{ codec: codecString, optimizeForLatency: true },
    ...(width > 0 && height > 0 ? { codedWidth: width, codedHeight: height } : {}),
    ...(described ? { description: codecPrivate as Uint8Array<ArrayBuffer> } : {}),
  } satisfies VideoDecoderConfig;
}
