/** One camera of the grid: its picture, its name and what it says of itself. Plays by `Engine`; where and how fast it is told. */
import type { Clock } from "../../../src/base/clock.ts";
import type { Coverage, Span } from "../coverage-types.ts";
import { Engine } from "../engine.ts";
import { gapAt, gapText, type Loaded } from "../gap-model.ts";
import { say } from "../html.ts";
import { RecordedIndex } from "../recorded-index.ts";
import { type PlayerState, stateOf } from "../states.ts";
import { Still } from "../still.ts";
import { timeOfDay } from "../time-text.ts";
import type { Order, TilePlace } from "./conductor.ts";

/** A picture this old does not move: others are not held up by it, ms. */
const STUCK_MS = 1000;
/** Less than this left out is a matter of pictures, not a gap, ms. */
const GAP_MS = 500;

export interface TileOptions {
  readonly clock: Clock;
  readonly server: string;
  readonly token: string | undefined;
  readonly stream: string;
  /** Why it cannot be watched; see `EngineOptions`. */
  readonly explain: () => Promise<string | undefined>;
}

export class GridTile {
  readonly stream: string;
  /** To be put into the grid; a press enlarges it. */
  readonly element = document.createElement("button");
  readonly video = document.createElement("video");
  readonly #options: TileOptions;
  readonly #still: Still;
  readonly #name = document.createElement("span");
  readonly #says = document.createElement("span");
  #engine: Engine | undefined;
  /** Nothing was recorded at the time it was sent to. */
  #gap: Span | undefined;
  #coverage: Loaded | undefined;
  #state: PlayerState = { name: "BUFFERING", detail: "", stale: true };

  constructor(options: TileOptions) {
    this.#options = options;
    this.stream = options.stream;
    const canvas = document.createElement("canvas");
    this.#still = new Still(this.video, canvas);
    Object.assign(this.element, { type: "button", part: "tile" });
    this.element.dataset.stream = options.stream;
    this.video.part.add("video");
    Object.assign(this.video, { muted: true, playsInline: true, disableRemotePlayback: true });
    canvas.part.add("still");
    canvas.hidden = true;
    const label = document.createElement("span");
    label.part.add("label");
    this.#name.part.add("name");
    this.#says.part.add("detail");
    say(this.#name, options.stream);
    label.append(this.#name, " ", this.#says);
    this.element.append(this.video, canvas, label);
  }

  /** It is playing or loading; off screen it does neither. */
  get runs(): boolean {
    return this.#engine !== undefined;
  }

  get state(): PlayerState {
    return this.#state;
  }

  /** Wall clock of its picture, ms. */
  get positionMs(): number | undefined {
    return this.#engine?.positionMs;
  }

  get mode(): "live" | "playback" | undefined {
    return this.#engine?.mode;
  }

  get serverNowMs(): number | undefined {
    return this.#engine?.serverNowMs;
  }

  /** Where it is, for the conductor. `atMs`: the common time. */
  place(atMs: number): TilePlace {
    const engine = this.#engine;
    if (engine === undefined) return { phase: "out" };
    const { error, pictureAgeMs, nothingRecorded } = engine.facts;
    if (error !== undefined) return { phase: "out" };
    const untilMs = engine.waitsIn?.toMs ?? this.#gap?.to;
    if (untilMs !== undefined && (untilMs > atMs || engine.waitsIn !== undefined))
      return { phase: "gap", untilMs };
    if (nothingRecorded) return { phase: "out" };
    const at = engine.positionMs;
    if (pictureAgeMs === undefined || at === undefined) return { phase: "loading" };
    if (!engine.paused && pictureAgeMs > STUCK_MS) return { phase: "loading" };
    return { phase: "ready", atMs: at };
  }

  obey(order: Order, speed: number): void {
    const engine = this.#engine;
    if (engine === undefined || engine.mode === "live") return;
    if (order.kind === "seek") engine.seek(order.ms);
    if (order.kind === "hold" && !engine.paused) engine.pause();
    if (order.kind !== "play") return;
    if (engine.speed !== speed) engine.speed = speed;
    if (this.video.playbackRate !== order.rate) this.video.playbackRate = order.rate;
    if (engine.paused) engine.resume();
  }

  live(): void {
    this.#gap = undefined;
    this.#begin().live();
  }

  /** Loads this time and stands there until it is told to play. */
  seek(ms: number, speed: number): void {
    this.#gap = undefined;
    const engine = this.#begin();
    engine.pause();
    engine.speed = speed;
    engine.seek(ms);
  }

  /** Plays or pauses by itself, where nobody conducts. */
  setPaused(paused: boolean): void {
    const engine = this.#engine;
    if (engine !== undefined && engine.paused !== paused) paused ? engine.pause() : engine.resume();
  }

  /** Keeps the last picture; loads and decodes nothing more. */
  stop(): void {
    if (this.#engine === undefined) return;
    this.#still.keep();
    this.#engine.stop();
    this.#engine = undefined;
  }

  setCoverage({ ranges, gaps, density }: Coverage, span: Span): void {
    this.#coverage = { span, index: new RecordedIndex(ranges, density), gaps };
  }

  /** Writes what is the case. `paused`: the whole grid is. */
  show({ atMs, paused, zone }: { atMs: number; paused: boolean; zone?: string | undefined }): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const gap = this.#gapAt(atMs, engine);
    const facts = { ...engine.facts, paused, gap: gap && gapText(gap, zone) };
    const state = stateOf(facts, (ms) => timeOfDay(ms, zone));
    this.#state = state;
    this.element.dataset.state = state.name;
    this.element.toggleAttribute("data-stale", state.stale);
    // In playback all are at the same time, which the clock shows: only what is not as usual is said.
    const usual = state.name === "PLAYBACK" || state.name === "PAUSED";
    const text = usual ? "" : `${state.name} ${state.detail}`.trim();
    say(this.#says, text);
    const label = text === "" ? this.stream : `${this.stream}, ${text}`;
    if (this.element.ariaLabel !== label) this.element.ariaLabel = label;
  }

  /** The gap that the common time is in, with its cause when that is known. */
  #gapAt(atMs: number, engine: Engine): (Span & { cause?: string }) | undefined {
    if (engine.mode === "live") return undefined;
    const { waitsIn } = engine;
    const told = waitsIn === undefined ? this.#gap : { from: waitsIn.fromMs, to: waitsIn.toMs };
    if (told === undefined || told.to <= atMs) return undefined;
    const known = this.#coverage && gapAt(this.#coverage, atMs, engine.serverNowMs);
    return known === undefined ? told : { ...known, to: told.to };
  }

  #begin(): Engine {
    this.#engine ??= new Engine({
      ...this.#options,
      video: this.video,
      changed: () => {},
      waits: () => true,
      skipped: (from, to) => {
        if (to - from > GAP_MS) this.#gap = { from, to };
      },
      leaving: () => this.#still.keep(),
      shown: () => this.#still.drop(),
    });
    return this.#engine;
  }
}
