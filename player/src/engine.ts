/**
 * Plays one stream in a video element: live, or from any recorded time. Puts together the tail socket, the
 * media pipe and the live-edge control, and says what is the case; draws nothing.
 *
 * Playback uses the same socket with `from=T`. It gives media as fast as it is read, so the socket is closed
 * when enough is buffered, and opened again where the buffer ends when it runs low.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { afterHole, holds, liveStart, playbackStart } from "./buffer-places.ts";
import type { EngineOptions, EngineStats } from "./engine-types.ts";
import { FrameWatch } from "./frame-watch.ts";
import { NOTICE_MS } from "./gap-model.ts";
import { LiveEdge } from "./live-edge.ts";
import { MsePipe } from "./mse-pipe.ts";
import { ServerOffset } from "./server-offset.ts";
import { type PlayerFacts, unplayable } from "./states.ts";
import type { TailConfig, TailMessage } from "./tail-messages.ts";
import { TailSession } from "./tail-session.ts";

/** Playback: stop reading with so much buffered, read again with less than so much. Seconds. */
const ENOUGH_S = 20;
const LOW_S = 8;
const TICK_MS = 200;

/** Faster playback that comes so near to the camera becomes live, ms. */
const CAUGHT_UP_MS = 1500;

export class Engine {
  readonly #options: EngineOptions;
  readonly #video: HTMLVideoElement;
  readonly #clock: Clock;
  readonly #session: TailSession;
  readonly #offset = new ServerOffset();
  #pipe: MsePipe;
  #edge = new LiveEdge(false);
  #mode: "live" | "playback" = "live";
  #paused = false;
  #connected = false;
  #offlineSinceMs: number | undefined;
  #error: string | undefined;
  /** Producer time asked for, until playback has begun there. */
  #wantedMs: number | undefined;
  #readAll = false;
  #hasVideo = true;
  #hasAudio = false;
  #pictureAt: number | undefined;
  #lastTime = -1;
  #cancelTick: CancelTimer = () => {};
  #stopped = false;
  #speed = 1;
  /** Nothing is to be read: the time asked for is known to be in a gap. */
  #halted = false;
  readonly #counts = { mime: "", stalls: 0, connections: 0, lostFrames: 0, bytes: 0 };
  readonly #frames: FrameWatch;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#video = options.video;
    this.#clock = options.clock;
    this.#pipe = this.#newPipe();
    this.#session = new TailSession({
      ...options,
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
    this.#video.addEventListener("waiting", this.#waiting);
    this.#frames = new FrameWatch(this.#video, this.#clock, () => {
      if (this.#lastTime < 0) return;
      this.#pictureAt = this.#clock.elapsed();
      options.shown();
    });
    this.#tick();
  }

  get mode(): "live" | "playback" {
    return this.#mode;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Wall clock of the picture on screen, ms; or the time asked for while it loads. */
  get positionMs(): number | undefined {
    return this.#wantedMs ?? this.#pipe.wallMs(this.#video.currentTime);
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
    if (this.#mode === "playback") this.#video.playbackRate = speed;
    this.#options.changed();
  }

  /** Of one picture, seconds. */
  get frameS(): number {
    return this.#frames.frameS;
  }

  get stats(): EngineStats {
    return {
      ...this.#counts,
      framesPerSecond: this.#frames.perSecond,
      marginS: this.#edge.marginS,
      troughS: this.#mode === "live" ? this.#edge.troughS : undefined,
      aheadS: this.#pipe.aheadS ?? 0,
    };
  }

  get facts(): PlayerFacts {
    const position = this.#pictureAt === undefined ? undefined : this.positionMs;
    const age = this.#pictureAt === undefined ? undefined : this.#clock.elapsed() - this.#pictureAt;
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
        (this.#pipe.aheadS ?? 0) < 0.3,
    };
  }

  /** Shows the newest picture. */
  live(): void {
    this.#speed = 1;
    this.#paused = false;
    this.#restart("live", undefined);
    this.#session.open(() => undefined);
  }

  /** Plays from a producer time, ms; a time that is not recorded gives the next that is. Stays paused. */
  seek(wallMs: number): void {
    const at = this.#pipe.mediaS(wallMs);
    if (at !== undefined && holds(this.#pipe.ranges, at) && this.#pictureAt !== undefined) {
      this.#toPlayback();
      this.#halted = false;
      this.#video.currentTime = at;
      if (!this.#paused) this.#play();
      this.#options.changed();
      return;
    }
    this.#restart("playback", wallMs);
    this.#session.open(() => this.#pipe.endMs ?? wallMs);
  }

  /** Stands at a time at which nothing is recorded, ms. */
  halt(wallMs: number): void {
    this.#restart("playback", wallMs);
    this.#halted = true;
  }

  /** One picture on or back; pauses. */
  step(by: -1 | 1): void {
    if (!this.#paused) this.pause();
    const at = this.#frames.mediaS ?? this.#video.currentTime;
    // The middle of the picture wanted: its edges are rounded.
    const to = at + this.#frames.frameS * (by + 0.5);
    const wallMs = this.#pipe.wallMs(to);
    if (wallMs !== undefined) this.seek(wallMs);
  }

  /** Live playback that is paused goes on from where it was, behind the camera. */
  pause(): void {
    this.#toPlayback();
    this.#paused = true;
    this.#video.pause();
    this.#options.changed();
  }

  resume(): void {
    this.#paused = false;
    this.#play();
    this.#options.changed();
  }

  stop(): void {
    this.#stopped = true;
    this.#frames.stop();
    this.#cancelTick();
    this.#session.close();
    this.#pipe.close();
    this.#video.removeEventListener("waiting", this.#waiting);
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  #toPlayback(): void {
    if (this.#mode === "playback") return;
    this.#mode = "playback";
    this.#readAll = false;
    this.#video.playbackRate = this.#speed;
    this.#session.close();
  }

  #restart(mode: "live" | "playback", wantedMs: number | undefined): void {
    this.#mode = mode;
    this.#wantedMs = wantedMs;
    this.#halted = false;
    this.#readAll = false;
    this.#error = undefined;
    this.#offlineSinceMs = undefined;
    this.#pictureAt = undefined;
    this.#connected = false;
    this.#session.close();
    this.#pipe.close();
    this.#pipe = this.#newPipe();
    this.#video.playbackRate = mode === "live" ? 1 : this.#speed;
    if (mode === "live") this.#paused = false;
    this.#options.changed();
  }

  #newPipe(): MsePipe {
    if (this.#lastTime >= 0) this.#options.leaving();
    this.#lastTime = -1;
    const failed = (message: string) => {
      this.#error = message;
      this.#session.close();
    };
    // The first picture does not wait for a tick.
    return new MsePipe(this.#video, {
      failed,
      appended: () => this.#lastTime < 0 && this.#start(),
    });
  }

  /** A WebSocket that is refused does not say why. */
  async #explain(): Promise<void> {
    const error = await this.#options.explain();
    if (this.#connected || this.#stopped) return;
    this.#error = error;
    this.#options.changed();
  }

  #begin(config: TailConfig, init: Uint8Array): void {
    this.#error = undefined;
    if (!MediaSource.isTypeSupported(config.mime)) {
      this.#error = unplayable(config.mime);
      this.#session.close();
      return;
    }
    this.#offlineSinceMs = undefined;
    this.#hasVideo = config.hasVideo;
    this.#counts.mime = config.mime;
    if (!this.#pipe.takes(config.originUs)) {
      this.#pipe.close();
      this.#pipe = this.#newPipe();
    }
    if (config.hasAudio !== this.#hasAudio) this.#edge = new LiveEdge(config.hasAudio);
    this.#hasAudio = config.hasAudio;
    this.#pipe.begin(config.mime, config.originUs, init);
  }

  #media(chunk: Uint8Array): void {
    const ahead = this.#pipe.aheadS;
    if (this.#mode === "live" && ahead !== undefined && this.#pictureAt !== undefined)
      this.#edge.sample(this.#clock.elapsed(), ahead);
    this.#counts.bytes += chunk.length;
    this.#pipe.append(chunk);
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
        break;
      case "error":
        this.#error = message.message;
        break;
    }
    this.#options.changed();
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#cancelTick = this.#clock.after(TICK_MS, () => this.#tick());
    const begun = this.#start();
    if (begun) this.#jumpHoles();
    if (begun && this.#mode === "live") this.#steer();
    if (this.#mode === "playback") this.#flow();
    this.#seePicture();
    this.#options.changed();
  }

  /** Puts the playhead where it belongs once there is media. */
  #start(): boolean {
    if (this.#lastTime >= 0) return true;
    const { ranges } = this.#pipe;
    const live = this.#mode === "live";
    const wanted = live ? undefined : (this.#pipe.mediaS(this.#wantedMs ?? 0) ?? ranges[0]?.start);
    const at =
      wanted === undefined ? liveStart(ranges, this.#edge.marginS) : playbackStart(ranges, wanted);
    if (at === undefined) return false;
    this.#video.currentTime = at;
    if (!live) this.#video.playbackRate = this.#speed;
    if (wanted !== undefined) this.#tellSkipped(wanted, at);
    this.#wantedMs = undefined;
    this.#lastTime = this.#video.currentTime;
    this.#edge.moved();
    if (!this.#paused) this.#play();
    return true;
  }

  /** Nothing at the playhead, but something later: go there. */
  #jumpHoles(): void {
    const at = this.#video.currentTime;
    const next = afterHole(this.#pipe.ranges, at);
    if (next === undefined) return;
    this.#video.currentTime = next + 0.001;
    this.#edge.moved();
    if (this.#mode === "playback") this.#tellSkipped(at, next);
  }

  #tellSkipped(fromS: number, toS: number): void {
    const [from, to] = [this.#pipe.wallMs(fromS), this.#pipe.wallMs(toS)];
    if (from !== undefined && to !== undefined && to - from >= NOTICE_MS)
      this.#options.skipped(from, to);
  }

  #steer(): void {
    const action = this.#edge.decide(this.#clock.elapsed());
    if (action.kind === "rate") {
      if (this.#video.playbackRate !== action.rate) this.#video.playbackRate = action.rate;
      return;
    }
    const end = this.#pipe.ranges.at(-1)?.end;
    if (end === undefined) return;
    this.#video.playbackRate = 1;
    this.#video.currentTime = end - action.beforeEndS;
    this.#edge.moved();
  }

  #flow(): void {
    if (this.#halted) return;
    const latency = this.facts.latencyMs;
    if (this.#speed > 1 && !this.#paused && latency !== undefined && latency < CAUGHT_UP_MS) {
      this.live();
      return;
    }
    // Faster playback empties the buffer sooner.
    const ahead = (this.#pipe.aheadS ?? 0) / Math.max(1, this.#speed);
    if (this.#session.active && ahead > ENOUGH_S) {
      this.#session.close();
      this.#readAll = true;
    } else if (!this.#session.active && this.#error === undefined && ahead < LOW_S) {
      if (!this.#readAll && this.#pipe.endMs === undefined) return;
      this.#readAll = false;
      this.#session.open(() => this.#pipe.endMs);
    }
  }

  readonly #waiting = (): void => {
    const begun = this.#pictureAt !== undefined && !this.#video.seeking;
    if (begun) this.#counts.stalls++;
    if (this.#mode === "live" && begun) this.#edge.stalled(this.#clock.elapsed());
  };

  #play(): void {
    // Refused until the user has done something when there is sound; the page starts muted.
    this.#video.play().catch(() => {});
  }

  #seePicture(): void {
    const time = this.#video.currentTime;
    const moves = this.#lastTime >= 0 && time !== this.#lastTime;
    if (this.#lastTime >= 0) this.#lastTime = time;
    if (moves && (document.hidden || !this.#hasVideo)) this.#pictureAt = this.#clock.elapsed();
  }
}
