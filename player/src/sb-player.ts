/**
 * `<sb-player stream="name" server="http://host">`: picture, state in words, one clock, timeline, downloads. The
 * server defaults to the page's own. Plays by `Engine`; here are only the controls.
 */
import { realClock } from "../../src/base/clock.ts";
import { Api } from "./api.ts";
import { CoverageLoader } from "./coverage-loader.ts";
import { Engine } from "./engine.ts";
import { part, say } from "./html.ts";
import { playerMarkup } from "./player-markup.ts";
import { SbTimeline } from "./sb-timeline.ts";
import { type PlayerState, stateOf } from "./states.ts";
import { dateOf, lengthText, timeOfDay, zoneOf } from "./time-text.ts";
import { recordedPart } from "./timeline-model.ts";

const STEP_MS = 5000;
const BIG_STEP_MS = 60_000;

export class SbPlayer extends HTMLElement {
  static readonly observedAttributes = ["stream", "server"];
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #clock = realClock;
  readonly #video: HTMLVideoElement;
  readonly #timeline: SbTimeline;
  #engine: Engine | undefined;
  #coverage: CoverageLoader | undefined;
  #stateName = "";

  constructor() {
    super();
    this.#root.innerHTML = playerMarkup;
    this.#video = part(this.#root, "video", HTMLVideoElement);
    this.#timeline = part(this.#root, "timeline", SbTimeline);
    // The property, too: as an attribute it does not reach a video that markup has made.
    this.#video.muted = true;
    this.#listen();
  }

  connectedCallback(): void {
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#begin();
  }

  get stream(): string {
    return this.getAttribute("stream") ?? "";
  }

  get server(): string {
    return (this.getAttribute("server") ?? location.origin).replace(/\/+$/, "");
  }

  live(): void {
    this.#engine?.live();
    this.#timeline.follow();
  }

  /** Plays from a producer time, ms since the Unix epoch. */
  seek(ms: number): void {
    const engine = this.#engine;
    if (engine !== undefined) engine.seek(Math.min(ms, engine.serverNowMs));
  }

  toggle(): void {
    const engine = this.#engine;
    if (engine?.paused) engine.resume();
    else engine?.pause();
  }

  #begin(): void {
    this.#end();
    if (this.stream === "") return;
    const { server, stream } = this;
    const [video, clock] = [this.#video, this.#clock];
    this.#engine = new Engine({ video, clock, server, stream, changed: () => this.#show() });
    const api = new Api(server);
    const timeline = this.#timeline;
    this.#coverage = new CoverageLoader({
      load: (span, signal) => api.coverage(stream, span, signal),
      clock,
      view: () => ({ view: timeline.view, width: timeline.clientWidth }),
      loaded: ({ ranges }) => timeline.setRanges(ranges),
    });
    timeline.setRanges([]);
    this.live();
  }

  #end(): void {
    this.#engine?.stop();
    this.#engine = undefined;
    this.#coverage?.stop();
  }

  #listen(): void {
    const on = (name: string, run: () => void) =>
      part(this.#root, name, HTMLButtonElement).addEventListener("click", run);
    on("play", () => this.toggle());
    on("live", () => this.live());
    on("mute", () => this.#mute());
    on("full", () => this.#fullScreen());
    on("zoom-in", () => this.#timeline.zoomBy(0.5));
    on("zoom-out", () => this.#timeline.zoomBy(2));
    for (const button of this.#root.querySelectorAll<HTMLButtonElement>("button[data-span]"))
      button.addEventListener("click", () => this.#timeline.show(Number(button.dataset.span)));
    this.#timeline.addEventListener("sb-seek", (event) =>
      this.seek((event as CustomEvent<number>).detail),
    );
    this.#timeline.addEventListener("sb-view", () => {
      this.#coverage?.soon();
      this.#show();
    });
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event: KeyboardEvent): void {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const onButton = event.composedPath()[0] instanceof HTMLButtonElement;
    if (!plain || (onButton && (event.key === " " || event.key === "Enter"))) return;
    const step = event.shiftKey ? BIG_STEP_MS : STEP_MS;
    const runs: Readonly<Record<string, () => void>> = {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      l: () => this.live(),
      m: () => this.#mute(),
      f: () => this.#fullScreen(),
      "+": () => this.#timeline.zoomBy(0.5),
      "-": () => this.#timeline.zoomBy(2),
      ArrowLeft: () => this.#step(-step),
      ArrowRight: () => this.#step(step),
    };
    const run = runs[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (run === undefined) return;
    event.preventDefault();
    run();
  }

  #step(ms: number): void {
    const at = this.#engine?.positionMs;
    if (at !== undefined) this.seek(at + ms);
  }

  #mute(): void {
    this.#video.muted = !this.#video.muted;
    this.#show();
  }

  #fullScreen(): void {
    const done =
      document.fullscreenElement === null ? this.requestFullscreen() : document.exitFullscreen();
    // Refused without a user's gesture, or by the embedding page: the picture just stays small.
    done.catch(() => {});
  }

  #show(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const state = stateOf(engine.facts, timeOfDay);
    this.#showState(state, engine);
    const at = engine.positionMs;
    this.#timeline.update(engine.serverNowMs, at);
    const text = (name: string) => part(this.#root, name, HTMLElement);
    say(text("time"), at === undefined ? "--:--:--" : timeOfDay(at));
    say(text("date"), at === undefined ? "" : `${dateOf(at)} ${zoneOf(at)}`);
    this.#showDownloads();
  }

  #showState(state: PlayerState, engine: Engine): void {
    const text = (name: string) => part(this.#root, name, HTMLElement);
    const button = (name: string) => part(this.#root, name, HTMLButtonElement);
    this.setAttribute("state", state.name);
    this.toggleAttribute("stale", state.stale);
    say(text("name"), state.name);
    say(text("detail"), state.detail);
    const big = state.stale && state.name !== "BUFFERING";
    say(text("message"), big ? `${state.name} ${state.detail}` : "");
    if (this.#stateName !== state.name) say(text("spoken"), `${state.name} ${state.detail}`);
    this.#stateName = state.name;
    say(button("play"), engine.paused ? "Play" : "Pause");
    button("live").setAttribute("aria-pressed", String(engine.mode === "live"));
    say(button("mute"), this.#video.muted ? "Sound on" : "Sound off");
  }

  #showDownloads(): void {
    const { view, ranges } = this.#timeline;
    const span = recordedPart(view, ranges);
    const api = new Api(this.server);
    for (const format of ["mp4", "mkv"] as const) {
      const link = part(this.#root, format, HTMLAnchorElement);
      link.setAttribute("aria-disabled", String(span === undefined));
      if (span === undefined) link.removeAttribute("href");
      else {
        link.href = api.clipUrl(this.stream, format, span);
        link.download = `${this.stream}_${Math.round(span.from / 1000)}.${format}`;
      }
    }
    const length = span === undefined ? "(nothing recorded here)" : lengthText(span.to - span.from);
    say(part(this.#root, "export", HTMLElement), `Download ${length}`);
  }
}
