/**
 * Plays one stream in a video element: live, or from any recorded time. Puts together the tail socket, the
 * media pipe and the live-edge control, and says what is the case; draws nothing.
 *
 * Playback uses the same socket with `from=T`. It gives media as fast as it is read, so the socket is closed
 * when enough is buffered, and opened again where the buffer ends when it runs low.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { reading } from "./buffer-places.ts";
import { NO_MEDIA_SOURCE, playable, refusedWords, undecodable, unplayable } from "./codec-names.ts";
import type { EngineOptions, EngineStats } from "./engine-types.ts";
import { NOTICE_MS } from "./gap-model.ts";
import { GapWait } from "./gap-wait.ts";
import { HiddenTab } from "./hidden-tab.ts";
import { LiveControl } from "./live-control.ts";
import { canPlay, plays } from "./mse-pipe.ts";
import { Playhead } from "./playhead.ts";
import { ServerOffset } from "./server-offset.ts";
import type { PlayerFacts } from "./states.ts";
import type { TailConfig, TailMessage } from "./tail-messages.ts";
import { TailSession } from "./tail-session.ts";

const TICK_MS = 200;

/** Faster playback that comes so near to the camera becomes live, ms. */
const CAUGHT_UP_MS = 1500;

export class Engine {
  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #session: TailSession;
  readonly #head: Playhead;
  readonly #hidden: HiddenTab;
  readonly #offset = new ServerOffset();
  readonly #edge: LiveControl;
  #mode: "live" | "playback" = "live";
  #paused = false;
  #connected = false;
  #offlineSinceMs: number | undefined;
  #error: string | undefined;
  /** Producer time asked for, until playback has begun there. */
  #wantedMs: number | undefined;
  #readAll = false;
  #hasVideo = true;
  #cancelTick: CancelTimer = () => {};
  #stopped = false;
  #speed = 1;
  /** Nothing is to be read: the time asked for is known to be in a gap. */
  #halted = false;
  #wait: GapWait | undefined;
  /** Nothing was loaded while nobody saw it. */
  #returning = false;
  readonly #counts = { mime: "", stalls: 0, connections: 0, lostFrames: 0, bytes: 0 };

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#head = new Playhead({
      ...options,
      failed: (why) => this.#failed(undecodable(this.#counts.mime, why)),
      // The first picture does not wait for a tick.
      appended: () => !this.#head.begun && this.#start(),
      shown: () => {
        this.#returning = false;
        options.shown();
      },
    });
    this.#edge = new LiveControl(this.#head, this.#clock);
    this.#session = new TailSession({
      ...options,
      codecs: playable(plays),
      handlers: {
        begin: (config, init) => this.#begin(config, init),
        media: (chunk) => this.#media(chunk),
        message: (message) => this.#message(message),
        connection: (open) => {
          this.#connected = open;
          if (open) this.#counts.connections++;
          else void this.#explain();
        },
      },
    });
    options.video.addEventListener("waiting", this.#waiting);
    this.#hidden = new HiddenTab(this.#clock, this.#rest);
    this.#tick();
  }

  get mode(): "live" | "playback" {
    return this.#mode;
  }

  /** By hand, or because there is nothing to play. */
  get paused(): boolean {
    return this.#paused || this.#halted;
  }

  /** Wall clock of the picture on screen, ms; or the time asked for while it loads. */
  get positionMs(): number | undefined {
    return this.#wait?.atMs ?? this.#wantedMs ?? this.#head.wallMs;
  }

  /** The gap that is being waited through. */
  get waitsIn(): GapWait | undefined {
    return this.#wait;
  }

  /** The server's clock, ms. */
  get serverNowMs(): number {
    return this.#clock.now() + this.#offset.ms;
  }

  get speed(): number {
    return this.#speed;
  }

  /** Live has its own speed: another one begins playback. */
  set speed(speed: number) {
    this.#speed = speed;
    if (speed !== 1) this.#toPlayback();
    if (this.#mode === "playback") this.#options.video.playbackRate = speed;
    this.#options.changed();
  }

  get stats(): EngineStats {
    return {
      ...this.#counts,
      frameS: this.#head.frames.frameS,
      framesPerSecond: this.#head.frames.perSecond,
      marginS: this.#edge.marginS,
      troughS: this.#mode === "live" ? this.#edge.troughS : undefined,
      aheadS: this.#head.pipe.aheadS ?? 0,
    };
  }

  get facts(): PlayerFacts {
    const age = this.#head.pictureAgeMs;
    const position = age === undefined ? undefined : this.positionMs;
    return {
      mode: this.#mode,
      paused: this.#paused,
      connected: this.#connected,
      offlineSinceMs: this.#offlineSinceMs,
      error: this.#error,
      pictureAgeMs: age,
      latencyMs: position === undefined ? undefined : this.serverNowMs - position,
      nothingRecorded:
        this.#mode === "playback" &&
        this.#offlineSinceMs !== undefined &&
        (this.#head.pipe.aheadS ?? 0) < 0.3,
      slow: this.#edge.slow,
      returning: this.#returning,
    };
  }

  /** Shows the newest picture. */
  live(): void {
    this.#speed = 1;
    this.#restart("live", undefined);
    this.#session.open(() => undefined);
  }

  /** Plays from a producer time, ms; a time that is not recorded gives the next that is. Stays paused. */
  seek(wallMs: number): void {
    if (this.#wait === undefined && this.#head.jump(wallMs)) {
      this.#toPlayback();
      this.#halted = false;
      this.#wantedMs = undefined;
      if (!this.#paused) this.#head.play();
      this.#options.changed();
      return;
    }
    this.#restart("playback", wallMs);
    this.#session.open(() => this.#head.pipe.endMs ?? wallMs);
  }

  /** Stands at a time at which nothing is recorded, ms. */
  halt(wallMs: number): void {
    this.#restart("playback", wallMs);
    this.#halted = true;
    this.#options.changed();
  }

  /** One picture on or back; pauses. */
  step(by: -1 | 1): void {
    if (!this.#paused) this.pause();
    const wallMs = this.#head.begun ? this.#head.besideMs(by) : undefined;
    if (wallMs !== undefined) this.seek(wallMs);
  }

  /** Live playback that is paused goes on from where it was, behind the camera. */
  pause(): void {
    this.#toPlayback();
    this.#paused = true;
    this.#options.video.pause();
    this.#options.changed();
  }

  /** `nextMs`: when it stands in a gap, where the next recording begins, if one does. */
  resume(nextMs?: number): void {
    this.#paused = false;
    const wanted = this.#wantedMs;
    if (!this.#halted) {
      if (this.#wait === undefined) this.#head.play();
    } else if (wanted !== undefined) {
      this.#halted = false;
      if (this.#options.waits() && nextMs !== undefined)
        this.#wait = new GapWait(wanted, nextMs, this.#clock.elapsed());
      else this.seek(nextMs ?? wanted);
    }
    this.#options.changed();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTick();
    this.#hidden.stop();
    this.#session.close();
    this.#options.video.removeEventListener("waiting", this.#waiting);
    this.#head.stop();
  }

  #failed(message: string): void {
    this.#error = message;
    this.#session.close();
    this.#connected = false;
    this.#options.changed();
  }

  #toPlayback(): void {
    if (this.#mode === "playback") return;
    this.#mode = "playback";
    this.#readAll = false;
    this.#options.video.playbackRate = this.#speed;
    this.#session.close();
  }

  #restart(mode: "live" | "playback", wantedMs: number | undefined): void {
    this.#mode = mode;
    this.#wantedMs = wantedMs;
    this.#halted = false;
    this.#wait = undefined;
    this.#readAll = false;
    this.#error = undefined;
    this.#offlineSinceMs = undefined;
    this.#connected = false;
    this.#session.close();
    this.#head.renew();
    this.#options.video.playbackRate = mode === "live" ? 1 : this.#speed;
    if (mode === "live") this.#paused = false;
    this.#options.changed();
  }

  readonly #rest = {
    sleep: (): boolean => {
      const seen = document.pictureInPictureElement === this.#options.video;
      if (this.#mode !== "live" || seen) return false;
      this.#session.close();
      this.#connected = false;
      return true;
    },
    wake: (): void => {
      this.live();
      this.#returning = true;
    },
  };

  /** A WebSocket that is refused does not say why. */
  async #explain(): Promise<void> {
    const error = await this.#options.explain();
    if (this.#connected || this.#stopped) return;
    this.#error = error;
    this.#options.changed();
  }

  #begin(config: TailConfig, init: Uint8Array): void {
    this.#error = undefined;
    if (!plays(config.mime)) {
      this.#failed(canPlay() ? unplayable(config.mime) : NO_MEDIA_SOURCE);
      return;
    }
    this.#offlineSinceMs = undefined;
    this.#hasVideo = config.hasVideo;
    this.#counts.mime = config.mime;
    if (!this.#head.pipe.takes(config.originUs)) this.#head.renew({ keepsPicture: true });
    this.#edge.begin(config.hasAudio);
    this.#head.pipe.begin(config.mime, config.originUs, init);
  }

  #media(chunk: Uint8Array): void {
    if (this.#mode === "live") this.#edge.sample();
    this.#counts.bytes += chunk.length;
    this.#head.pipe.append(chunk);
  }

  #message(message: Exclude<TailMessage, TailConfig>): void {
    switch (message.type) {
      case "time":
        this.#offset.add(message.serverNowMs, this.#clock.now());
        break;
      case "offline":
        this.#offlineSinceMs = message.sinceMs ?? 0;
        break;
      case "live":
        this.#offlineSinceMs = undefined;
        break;
      case "lost":
        this.#counts.lostFrames += message.frames;
        this.#edge.lost();
        break;
      case "error":
        this.#error = refusedWords(message);
        break;
    }
    this.#options.changed();
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#cancelTick = this.#clock.after(TICK_MS, () => this.#tick());
    const waiting = this.#waitOn();
    const begun = !waiting && this.#start();
    if (begun) this.#passHoles();
    if (begun && this.#mode === "live") this.#edge.steer();
    if (this.#mode === "playback" && !waiting) this.#flow();
    this.#head.watchTime(this.#hasVideo && !document.hidden);
    this.#options.changed();
  }

  /** Puts the playhead where it belongs once there is media. */
  #start(): boolean {
    if (this.#head.begun) return true;
    if (this.#wait !== undefined) return false;
    if (this.#mode === "live") {
      if (!this.#head.beginLive(this.#edge.marginS)) return false;
    } else {
      const left = this.#head.beginAt(this.#wantedMs);
      if (left === undefined) return false;
      this.#options.video.playbackRate = this.#speed;
      this.#options.skipped(left.fromMs, left.toMs);
    }
    this.#wantedMs = undefined;
    this.#edge.moved();
    if (!this.#paused) this.#head.play();
    return true;
  }

  /** Nothing at the playhead, but something later: go there, or wait until it is time. */
  #passHoles(): void {
    const hole = this.#head.hole();
    if (hole === undefined) return;
    const { fromMs, toMs, toS } = hole;
    const long = this.#mode === "playback" && toMs - fromMs >= NOTICE_MS;
    if (long && this.#options.waits()) {
      this.#wait = new GapWait(fromMs, toMs, this.#clock.elapsed());
      return;
    }
    this.#options.video.currentTime = toS + 0.001;
    this.#edge.moved();
    if (long) this.#options.skipped(fromMs, toMs);
  }

  /** True while a gap is waited through. */
  #waitOn(): boolean {
    const wait = this.#wait;
    if (wait === undefined) return false;
    if (!wait.advance(this.#clock.elapsed(), this)) return true;
    this.#wait = undefined;
    this.seek(wait.toMs + 1);
    return false;
  }

  #flow(): void {
    if (this.#halted) return;
    const latency = this.facts.latencyMs;
    if (this.#speed > 1 && !this.#paused && latency !== undefined && latency < CAUGHT_UP_MS) {
      this.live();
      return;
    }
    const next = reading(this.#head.pipe.aheadS ?? 0, this.#speed);
    if (this.#session.active && next === "stop") {
      this.#session.close();
      this.#readAll = true;
    } else if (!this.#session.active && this.#error === undefined && next === "more") {
      if (!this.#readAll && this.#head.pipe.endMs === undefined) return;
      this.#readAll = false;
      this.#session.open(() => this.#head.pipe.endMs);
    }
  }

  readonly #waiting = (): void => {
    const begun = this.#head.pictureAgeMs !== undefined && !this.#options.video.seeking;
    if (!begun) return;
    this.#counts.stalls++;
    if (this.#mode === "live") this.#edge.stalled();
  };
}
