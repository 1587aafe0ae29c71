/**
 * The engine, and beyond its speeds and backwards key frames alone (`keyframes/`, loaded when they are needed first). While they
 * are shown the engine is paused; the picture it has next takes their place.
 */
import type { Api } from "./api.ts";
import { Engine } from "./engine.ts";
import type { EngineOptions } from "./engine-types.ts";
import type { Keyframes } from "./keyframes/index.ts";
import { byKeyframes } from "./speeds.ts";
import type { PlayerFacts } from "./states.ts";

export interface MotionOptions extends EngineOptions {
  readonly api: Api;
  /** What is shown over the video is put in here. */
  readonly stage: HTMLElement;
  readonly notice: (text: string) => void;
}

export class Motion extends Engine {
  readonly #options: MotionOptions;
  #keyframes: Keyframes | undefined;
  #loading: Promise<Keyframes> | undefined;
  /** By key frames; 0: not. */
  #fast = 0;
  /** Where it began, until the first picture is there; or the time under the pointer. ms */
  #fromMs = 0;
  #scrubs = false;
  /** Counts what was begun: what comes late for something that has ended is left. */
  #turn = 0;

  constructor(options: MotionOptions) {
    super({
      ...options,
      shown: () => {
        this.#seen();
        options.shown();
      },
    });
    this.#options = options;
    options.video.addEventListener("seeked", this.#seen);
  }

  /** What stands over the video, when something does. */
  get over(): HTMLVideoElement | HTMLCanvasElement | undefined {
    return this.#keyframes?.picture;
  }

  override get speed(): number {
    return this.#fast === 0 ? super.speed : this.#fast;
  }

  override set speed(speed: number) {
    const at = this.positionMs;
    if (!byKeyframes(speed)) {
      const was = this.#fast !== 0;
      this.#leave();
      super.speed = speed;
      if (!was || at === undefined) return;
      super.seek(at);
      super.resume();
      return;
    }
    this.#play(at ?? this.serverNowMs, speed);
  }

  override get paused(): boolean {
    return this.#shows ? false : super.paused;
  }

  override get positionMs(): number | undefined {
    if (!this.#shows) return super.positionMs;
    return this.#scrubs ? this.#fromMs : (this.#keyframes?.positionMs ?? this.#fromMs);
  }

  override get facts(): PlayerFacts {
    const facts = super.facts;
    if (!this.#shows) return facts;
    return {
      ...facts,
      ...{ mode: "playback", paused: false, error: undefined, nothingRecorded: false },
      ...{ connected: true, byKeyframes: true, returning: false },
      pictureAgeMs: this.#keyframes?.waitsMs ?? 0,
      latencyMs: this.serverNowMs - (this.positionMs ?? 0),
    };
  }

  override live(): void {
    this.#leave();
    super.live();
  }

  override seek(wallMs: number): void {
    if (this.#fast !== 0 && !this.#scrubs) {
      this.#play(wallMs, this.#fast);
      return;
    }
    this.#leave();
    super.seek(wallMs);
  }

  override halt(wallMs: number): void {
    this.#leave();
    super.halt(wallMs);
  }

  /** Beyond the engine's speeds: stands where it is. */
  override pause(): void {
    const at = this.#fast === 0 ? undefined : this.positionMs;
    this.#leave();
    super.pause();
    if (at === undefined) return;
    super.speed = 1;
    super.seek(at);
  }

  /** The key frame before this time is shown, until `seek`. */
  scrub(wallMs: number): void {
    this.#scrubs = true;
    this.#fromMs = wallMs;
    const turn = ++this.#turn;
    void this.#keys()
      .then((keys) => this.#turn === turn && keys.scrub(wallMs))
      .catch(() => {});
    this.#options.changed();
  }

  override stop(): void {
    this.#turn++;
    this.#keyframes?.stop();
    this.#options.video.removeEventListener("seeked", this.#seen);
    super.stop();
  }

  /** The video has a picture: it is seen again unless key frames are to be. */
  readonly #seen = (): void => {
    if (!this.#shows && !this.#options.video.seeking) this.#keyframes?.hide();
  };

  get #shows(): boolean {
    return this.#fast !== 0 || this.#scrubs;
  }

  #play(wallMs: number, speed: number): void {
    if (this.#fast === 0) super.pause();
    this.#fast = speed;
    this.#scrubs = false;
    this.#fromMs = wallMs;
    const turn = ++this.#turn;
    this.#keys()
      .then((keys) => this.#turn === turn && keys.play(wallMs, speed))
      .catch((error: unknown) => this.#refused(error));
    this.#options.changed();
  }

  #leave(): void {
    this.#turn++;
    this.#fast = 0;
    this.#scrubs = false;
    this.#keyframes?.halt();
  }

  /** There is nothing more: forwards that is the camera, backwards the first picture. */
  #ended(): void {
    if (this.#fast > 0) {
      this.live();
      return;
    }
    this.pause();
    this.#options.notice("This is the oldest recording");
  }

  #refused(error: unknown): void {
    this.pause();
    const why = error instanceof Error ? error.message : String(error);
    this.#options.notice(`Key frames cannot be shown: ${why}`);
  }

  /** Loaded once; a load that failed is tried again. */
  #keys(): Promise<Keyframes> {
    const { clock, api, stream, stage, changed, skipped } = this.#options;
    this.#loading ??= import("./keyframes/index.ts").then(({ Keyframes }) => {
      const keys = new Keyframes({
        ...{ clock, api, stream, stage, skipped, shown: changed },
        ended: () => this.#ended(),
        failed: (error) => this.#refused(error),
      });
      this.#keyframes = keys;
      return keys;
    });
    this.#loading.catch(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }
}
