/**
 * Plays by key frames alone, at any speed and backwards: at every tick the last picture that is due is shown. The clock of
 * playback waits while nothing has come, and leaves out what is not recorded.
 */
import type { CancelTimer, Clock } from "../../../src/base/clock.ts";
import { PictureFeed } from "./feed.ts";
import type { PageWish, PicturePage, PictureScreen } from "./pictures.ts";

const TICK_MS = 33;
/** More pictures a second than this are not asked for. */
const PER_SECOND = 10;
/** Key frames that far apart have nothing between them, ms: what is shorter passes at the speed of playback. */
const GAP_MS = 12_000;

export interface RunOptions {
  readonly clock: Clock;
  readonly screen: PictureScreen;
  readonly load: (wish: PageWish, signal: AbortSignal) => Promise<PicturePage>;
  /** Backwards when negative. */
  readonly speed: number;
  readonly startMs: number;
  readonly shown: () => void;
  /** A stretch without pictures was left out, ms. */
  readonly skipped: (fromMs: number, toMs: number) => void;
  /** There is nothing more in this direction. */
  readonly ended: () => void;
  /** A picture cannot be shown. */
  readonly failed: (error: unknown) => void;
}

export class KeyframeRun {
  readonly #options: RunOptions;
  readonly #feed: PictureFeed;
  readonly #stepMs: number;
  #positionMs: number;
  /** Where playback stood at which moment; undefined while it waits. */
  #anchor: { readonly ms: number; readonly at: number } | undefined;
  #waitsSince: number | undefined;
  #showing = false;
  #stopped = false;
  #cancelTick: CancelTimer = () => {};

  constructor(options: RunOptions) {
    const { clock, load, speed, startMs } = options;
    this.#options = options;
    this.#positionMs = startMs;
    this.#stepMs = (Math.abs(speed) * 1000) / PER_SECOND;
    const stepMs = Math.floor(this.#stepMs);
    this.#feed = new PictureFeed({ clock, load, stepMs, atMs: startMs, backward: speed < 0 });
    this.#tick();
  }

  /** Of the picture on screen, ms. */
  get positionMs(): number {
    return this.#positionMs;
  }

  /** For how long it has waited for pictures, ms. */
  get waitsMs(): number {
    return this.#waitsSince === undefined ? 0 : this.#options.clock.elapsed() - this.#waitsSince;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTick();
    this.#feed.stop();
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
    if (this.#showing) return;
    if (this.#feed.head !== undefined) this.#advance(this.#feed.head.timeMs);
    else if (this.#feed.ended) this.#end();
    else this.#wait();
  }

  #end(): void {
    this.stop();
    this.#options.ended();
  }

  #wait(): void {
    this.#anchor = undefined;
    this.#waitsSince ??= this.#options.clock.elapsed();
  }

  #advance(headMs: number): void {
    const { clock, screen, speed, shown, skipped, failed } = this.#options;
    const now = clock.elapsed();
    this.#waitsSince = undefined;
    this.#anchor ??= { ms: this.#positionMs, at: now };
    const far = Math.abs(headMs - this.#positionMs) > GAP_MS + 2 * this.#stepMs;
    let wanted = this.#anchor.ms + speed * (now - this.#anchor.at);
    if (far && (speed < 0 ? wanted > headMs : wanted < headMs)) {
      skipped(Math.min(headMs, this.#positionMs), Math.max(headMs, this.#positionMs));
      this.#anchor = { ms: headMs, at: now };
      wanted = headMs;
    }
    const picture = this.#feed.take(wanted);
    if (picture === undefined) return;
    this.#showing = true;
    screen
      .show(picture)
      .then(() => {
        this.#showing = false;
        this.#positionMs = picture.timeMs;
        if (!this.#stopped) shown();
      })
      .catch((error: unknown) => {
        this.#showing = false;
        if (!this.#stopped) failed(error);
      });
  }
}
