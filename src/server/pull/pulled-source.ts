/** One source: a camera of the producer SDK inside the server, run until it is stopped, and what to say of it. */
import {
  Camera,
  type CameraState,
  type CameraView,
} from "../../../producer-sdk/src/node/camera.ts";
import { safeAddress } from "../../../producer-sdk/src/node/reason.ts";
import type { SourceItem } from "../../../producer-sdk/src/node/source.ts";
import { rtspSource } from "../../../producer-sdk/src/node/sources.ts";
import type { Spawn } from "../../../producer-sdk/src/node/spawn.ts";
import { type CancelTimer, type Clock, sleep } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { Episodes } from "./episodes.ts";
import { type LocalParts, LocalTransport } from "./local-transport.ts";
import { RateMeter } from "./rate-meter.ts";
import type { SourceConfig } from "./source-config.ts";
import { reasonWords } from "./words.ts";

/** A source as the native API shows it. Never a user, a password or a query of its address. */
export interface SourceView {
  readonly stream: string;
  readonly address: string;
  readonly audio: boolean;
  /** Where it is written: only what the API made, the API changes. */
  readonly from: "config" | "api";
  readonly state: CameraState;
  /** Why it is not live, in words. */
  readonly reason?: string;
  /** Server time at which it came into this state, ms since the Unix epoch. */
  readonly sinceMs: number;
  /** Over the last seconds: pictures a second, and 1000 bit/s of media. */
  readonly fps: number;
  readonly kbits: number;
  /** Since this source was started: put into the stream, and given up or refused. */
  readonly frames: number;
  readonly lost: number;
  /** Start of the newest durable fragment, ms since the Unix epoch. */
  readonly persistedMs?: number;
  /** What of the camera is left out, and why. */
  readonly note?: string;
}

export interface PullParts extends LocalParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: real processes. */
  readonly spawn?: Spawn;
}

const SAMPLE_MS = 1000;
/** A camera that failed for good is begun anew after so long: ffmpeg may have been installed meanwhile. */
const AGAIN_MS = 30_000;

export class PulledSource {
  readonly config: SourceConfig;
  readonly from: SourceView["from"];
  readonly #parts: PullParts;
  readonly #log: Logger;
  readonly #transport: LocalTransport;
  readonly #stop = new AbortController();
  readonly #rates = new RateMeter();
  readonly #over: Promise<void>;
  readonly #episodes = new Episodes(() => this.#source());
  #camera: Camera;
  /** Of the cameras before this one. */
  #frames = 0;
  #lost = 0;
  #persistedMs: number | undefined;
  #state: CameraState = "starting";
  #sinceMs: number;
  #cancelSample: CancelTimer = () => {};

  /** Starts at once. */
  constructor(config: SourceConfig, from: SourceView["from"], parts: PullParts) {
    this.config = config;
    this.from = from;
    this.#parts = parts;
    this.#log = parts.log.child({ stream: config.stream, source: safeAddress(config.url) });
    this.#transport = new LocalTransport(config.stream, parts);
    this.#sinceMs = parts.clock.now();
    this.#camera = this.#makeCamera();
    this.#sample();
    this.#over = this.#run();
  }

  get view(): SourceView {
    const { stream, url, audio } = this.config;
    const { frames, lost, note, persistedMs = this.#persistedMs } = this.#camera.view;
    const { state, reason } = this.#look();
    return {
      ...{ stream, address: safeAddress(url), audio, from: this.from, state },
      ...(reason === undefined ? {} : { reason }),
      ...{ sinceMs: this.#sinceMs, ...this.#rates.rates },
      ...{ frames: this.#frames + frames, lost: this.#lost + lost },
      ...(persistedMs === undefined ? {} : { persistedMs }),
      ...(note === undefined ? {} : { note }),
    };
  }

  /** Resolves when its process is gone, and what it gave is stored or, after some seconds, given up. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#over;
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#camera.run();
      if (this.#episodes.outage === undefined) await sleep(clock, AGAIN_MS, signal);
      if (!signal.aborted) this.#replaceCamera();
    }
    this.#cancelSample();
    await this.#transport.settled();
  }

  #replaceCamera(): void {
    const { frames, lost, persistedMs = this.#persistedMs } = this.#camera.view;
    this.#frames += frames;
    this.#lost += lost;
    this.#persistedMs = persistedMs;
    this.#camera = this.#makeCamera();
  }

  #makeCamera(): Camera {
    return new Camera({
      ...{ stream: this.config.stream, url: "in-process:", create: true, paced: true },
      ...{ source: this.#episodes.next(), transport: this.#transport, clock: this.#parts.clock },
      changed: (view) => this.#look(view),
    });
  }

  #source(): AsyncGenerator<SourceItem> {
    const { clock, spawn } = this.#parts;
    const { url, audio } = this.config;
    const live = { clock, signal: this.#stop.signal, ...(spawn === undefined ? {} : { spawn }) };
    return rtspSource(url, { ...live, audio });
  }

  /** How it stands, with a log line when that is news. */
  #look(view: CameraView = this.#camera.view): Pick<SourceView, "state" | "reason"> {
    const { outage } = this.#episodes;
    const isAway = outage !== undefined && (view.state === "starting" || view.state === "ended");
    const state = isAway ? "no source" : view.state;
    const why = isAway ? outage : view.reason;
    const reason = why === undefined ? {} : { reason: reasonWords(why, this.config.url) };
    if (state !== this.#state) {
      this.#state = state;
      this.#sinceMs = this.#parts.clock.now();
      const isBad = state === "no source" || state === "no server" || state === "failed";
      this.#log[isBad ? "warn" : "info"]("source.state", { state, ...reason });
    }
    return { state, ...reason };
  }

  #sample(): void {
    const { clock } = this.#parts;
    const { pictures, bytes } = this.#camera.view;
    this.#rates.add({ atMs: clock.elapsed(), pictures, bytes });
    this.#cancelSample = clock.after(SAMPLE_MS, () => this.#sample());
  }
}
