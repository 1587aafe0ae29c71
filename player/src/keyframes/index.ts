/**
 * Playback by key frames over the player's picture: fast, backwards, and under the pointer. Loaded when it is needed first.
 */
import type { Clock } from "../../../src/base/clock.ts";
import type { Api } from "../api.ts";
import { CanvasScreen } from "./canvas-screen.ts";
import { PictureLoader } from "./load.ts";
import type { Picture, PictureScreen } from "./pictures.ts";
import { KeyframeRun } from "./run.ts";
import { Scrub } from "./scrub.ts";

/** How far back the key frame of a time may be while somebody scrubs, ms. */
const SCRUB_MS = 60_000;

/** Where key frames are shown, and who is told. */
export interface KeyframesOptions {
  readonly clock: Clock;
  readonly api: Api;
  readonly stream: string;
  /** The picture's place: what is shown here stands over the video. */
  readonly stage: HTMLElement;
  readonly shown: () => void;
  readonly skipped: (fromMs: number, toMs: number) => void;
  /** There is nothing more in this direction. */
  readonly ended: () => void;
  readonly failed: (error: unknown) => void;
}

/** One for a player; nothing is made before the first key frame. */
export class Keyframes {
  readonly #options: KeyframesOptions;
  readonly #loader: PictureLoader;
  #screen: PictureScreen | undefined;
  #element: HTMLCanvasElement | HTMLVideoElement | undefined;
  #track: Picture["track"] | undefined;
  #run: KeyframeRun | undefined;
  #scrub: Scrub | undefined;

  constructor(options: KeyframesOptions) {
    this.#options = options;
    this.#loader = new PictureLoader(options.api, options.stream);
  }

  /** Plays from a time, ms; backwards when `speed` is negative. */
  play(startMs: number, speed: number): void {
    const { clock, shown, skipped, ended, failed } = this.#options;
    this.halt();
    this.#run = new KeyframeRun({
      ...{ clock, speed, startMs, shown, skipped, ended, failed, screen: this.#either },
      load: (wish, signal) => this.#loader.page(wish, signal),
    });
  }

  /** The key frame of this time. */
  scrub(ms: number): void {
    this.#run?.stop();
    this.#run = undefined;
    this.#scrub ??= new Scrub({
      ...{ screen: this.#either, shown: this.#options.shown },
      load: (wish, signal) => this.#loader.near(wish, SCRUB_MS, signal),
    });
    this.#scrub.at(ms);
  }

  /** Of the picture on screen, ms. */
  get positionMs(): number | undefined {
    return this.#run?.positionMs;
  }

  get waitsMs(): number {
    return this.#run?.waitsMs ?? 0;
  }

  /** What is shown, while something is. */
  get picture(): HTMLCanvasElement | HTMLVideoElement | undefined {
    return this.#element?.hidden === false ? this.#element : undefined;
  }

  /** Nothing new is shown; what is on screen stays. */
  halt(): void {
    this.#run?.stop();
    this.#run = undefined;
    this.#scrub?.stop();
    this.#scrub = undefined;
  }

  /** The video is seen again. */
  hide(): void {
    if (this.#element !== undefined) this.#element.hidden = true;
  }

  stop(): void {
    this.halt();
    this.#close();
  }

  /** Chooses what a track is shown on when it comes first. */
  readonly #either: PictureScreen = {
    show: async (picture) => {
      if (this.#screen === undefined || this.#track !== picture.track) {
        const old = this.#element;
        this.#screen?.close();
        this.#screen = await this.#open(picture.track);
        this.#track = picture.track;
        await this.#screen.show(picture);
        old?.remove();
      } else await this.#screen.show(picture);
      if (this.#element !== undefined) this.#element.hidden = false;
    },
    close: () => this.#close(),
  };

  async #open(track: Picture["track"]): Promise<PictureScreen> {
    if (await CanvasScreen.takes(track)) {
      const canvas = document.createElement("canvas");
      this.#place(canvas);
      return new CanvasScreen(canvas);
    }
    const { MseScreen } = await import("./mse-screen.ts");
    if (!MseScreen.takes(track)) throw new Error(`this browser does not decode ${track.codec}`);
    const video = document.createElement("video");
    video.muted = true;
    this.#place(video);
    return new MseScreen(video, track);
  }

  #place(element: HTMLCanvasElement | HTMLVideoElement): void {
    element.part.add("keyframe");
    element.hidden = true;
    this.#options.stage.querySelector('[part~="still"]')?.before(element);
    this.#element = element;
  }

  #close(): void {
    this.#screen?.close();
    this.#screen = undefined;
    this.#track = undefined;
    this.#element?.remove();
    this.#element = undefined;
  }
}
