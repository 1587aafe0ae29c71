/**
 * `<streambank-player stream="name" server="http://host" token="…">`: picture, state in words, one clock, timeline. The server
 * defaults to the page's own. Plays by `Motion`; here is what people can do with it.
 */
import { realClock } from "../../src/base/clock.ts";
import { Api } from "./api.ts";
import { ClipPanel } from "./clip-panel.ts";
import { CoverageLoader } from "./coverage-loader.ts";
import type { Gap, Span } from "./coverage-types.ts";
import { fire } from "./events.ts";
import { explain } from "./explain.ts";
import { ARRIVING_MS, gapAt, gapText, type Loaded, NOTICE_MS } from "./gap-model.ts";
import { part, say, toggleFullScreen } from "./html.ts";
import { JumpDialog } from "./jump-dialog.ts";
import { type Action, actionOf } from "./keys.ts";
import { Motion } from "./motion.ts";
import { Neighbours } from "./neighbours.ts";
import { playerMarkup } from "./player-markup.ts";
import { PlayerView } from "./player-view.ts";
import { openRanges } from "./ranges-dialog.ts";
import { RecordedIndex } from "./recorded-index.ts";
import { SavedMoments } from "./saved-moments.ts";
import { speedAfter } from "./speeds.ts";
import { Still } from "./still.ts";
import { StreambankTimeline } from "./streambank-timeline.ts";
import { Thumbnails } from "./thumbnails.ts";
import { knownZone, type ZoneChoice, zoneFor } from "./zones.ts";

const STEP_MS = 5000;
const BIG_STEP_MS = 60_000;
const NOTHING: Loaded = { span: { from: 0, to: 0 }, index: new RecordedIndex([]), gaps: [] };

/** The player. `live()`, `seek(ms)` and `toggle()` are for pages; everything else has a button and a key. */
export class StreambankPlayer extends HTMLElement {
  static readonly observedAttributes = [
    "stream",
    "server",
    "token",
    "camera-zone",
    "gaps",
    "theme",
  ];
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #clock = realClock;
  readonly #video: HTMLVideoElement;
  readonly #timeline: StreambankTimeline;
  readonly #still: Still;
  readonly #jump: JumpDialog;
  readonly #clip: ClipPanel;
  readonly #view: PlayerView;
  readonly #saved: SavedMoments;
  readonly #neighbours: Neighbours;
  #engine: Motion | undefined;
  #coverage: CoverageLoader | undefined;
  #thumbnails: Thumbnails | undefined;
  #loaded = NOTHING;
  #gap: Gap | undefined;
  #zoneChoice: ZoneChoice = "mine";

  constructor() {
    super();
    this.#root.innerHTML = playerMarkup;
    this.#video = part(this.#root, "video", HTMLVideoElement);
    this.#timeline = part(this.#root, "timeline", StreambankTimeline);
    this.#still = new Still(this.#video, part(this.#root, "still", HTMLCanvasElement));
    const host = {
      api: () => this.#api,
      stream: () => this.stream,
      zone: () => this.zone,
      nowMs: () => this.#engine?.serverNowMs ?? this.#clock.now(),
      positionMs: () => this.positionMs,
      seek: (ms: number) => this.seek(ms),
      clock: this.#clock,
    };
    this.#jump = new JumpDialog(this.#root, host);
    this.#clip = new ClipPanel(this.#root, this.#timeline, host);
    this.#view = new PlayerView(this.#root, this);
    const notice = (text: string) => this.#view.notice(text);
    this.#saved = new SavedMoments({ ...host, still: this.#still, notice });
    this.#neighbours = new Neighbours({
      ...{ ...host, notice },
      loaded: () => this.#loaded,
      goTo: (ms) => this.#goTo(ms),
      live: () => this.live(),
    });
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

  attributeChangedCallback(name: string): void {
    if (name === "camera-zone") this.#setZone(this.getAttribute(name) === null ? "mine" : "camera");
    else if (name === "theme")
      this.#timeline.setAttribute("theme", this.getAttribute("theme") ?? "");
    else if (name !== "gaps" && this.isConnected) this.#begin();
  }

  get stream(): string {
    return this.getAttribute("stream") ?? "";
  }

  get server(): string {
    return (this.getAttribute("server") ?? location.origin).replace(/\/+$/, "");
  }

  /** IANA name of the zone that times are told in; `undefined`: the viewer's own. */
  get zone(): string | undefined {
    return zoneFor(this.#zoneChoice, knownZone(this.getAttribute("camera-zone")));
  }

  /** Producer time of the picture on screen, ms. */
  get positionMs(): number | undefined {
    return this.#engine?.positionMs;
  }

  /** `playback` is anything that is not the camera's newest picture. */
  get mode(): "live" | "playback" {
    return this.#engine?.mode ?? "live";
  }

  live(): void {
    this.#gap = undefined;
    this.#engine?.live();
    this.#timeline.follow();
  }

  /** Plays from a producer time, ms since the Unix epoch. In a gap it stands, and says so. */
  seek(ms: number): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const at = Math.min(ms, engine.serverNowMs);
    this.#gap = gapAt(this.#loaded, at, engine.serverNowMs);
    this.#timeline.reveal(at);
    if (this.#gap === undefined) {
      engine.seek(at);
      return;
    }
    engine.halt(at);
    fire(this, "streambank-gap", this.#gap);
  }

  /** Gaps are played in real time instead of being left out. */
  get waits(): boolean {
    return this.getAttribute("gaps") === "wait";
  }

  /** In a gap, play goes on to what is recorded next. */
  toggle(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const gap = this.#gap;
    this.#gap = undefined;
    if (!engine.paused) engine.pause();
    else if (gap === undefined || gap.to < engine.serverNowMs - ARRIVING_MS) engine.resume(gap?.to);
    else this.live();
  }

  /** Does what a key or a button of this name does. */
  do(action: Action): void {
    this.#actions[action]();
  }

  readonly #actions: Readonly<Record<Action, () => void>> = {
    toggle: () => this.toggle(),
    back: () => this.#move(-STEP_MS),
    forward: () => this.#move(STEP_MS),
    "far-back": () => this.#move(-BIG_STEP_MS),
    "far-forward": () => this.#move(BIG_STEP_MS),
    "frame-back": () => this.#engine?.step(-1),
    "frame-forward": () => this.#engine?.step(1),
    slower: () => this.#setSpeed(speedAfter(this.#engine?.speed ?? 1, -1)),
    faster: () => this.#setSpeed(speedAfter(this.#engine?.speed ?? 1, 1)),
    oldest: () => void this.#neighbours.go("oldest"),
    live: () => this.live(),
    next: () => void this.#neighbours.go("next"),
    previous: () => void this.#neighbours.go("previous"),
    "clip-in": () => this.#clip.mark("from"),
    "clip-out": () => this.#clip.mark("to"),
    export: () => this.#clip.toggle(),
    snapshot: () => void this.#saved.picture("png"),
    jpeg: () => void this.#saved.picture("jpeg"),
    gaps: () => this.#toggleGaps(),
    full: () => toggleFullScreen(this),
    mute: () => {
      this.#video.muted = !this.#video.muted;
    },
    stats: () => this.#view.toggleStats(),
    "zoom-in": () => this.#timeline.zoomBy(0.5),
    "zoom-out": () => this.#timeline.zoomBy(2),
    jump: () => this.#jump.open(),
    list: () =>
      openRanges(this.#root, {
        loaded: this.#loaded,
        view: this.#timeline.view,
        zone: this.zone,
        seek: (ms) => this.seek(ms),
      }),
    share: () => void this.#saved.share(),
    help: () => part(this.#root, "help-dialog", HTMLDialogElement).showModal(),
  };

  get #api(): Api {
    return new Api(this.server, this.getAttribute("token") ?? undefined);
  }

  #begin(): void {
    this.#end();
    const { server, stream } = this;
    if (stream === "") return;
    const [clock, video, timeline, api] = [this.#clock, this.#video, this.#timeline, this.#api];
    this.#engine = new Motion({
      api,
      stage: part(this.#root, "stage", HTMLElement),
      notice: (text) => this.#view.notice(text),
      video,
      clock,
      server,
      stream,
      token: this.getAttribute("token") ?? undefined,
      changed: () => this.#show(),
      waits: () => this.waits,
      skipped: (from, to) => this.#skipped(from, to),
      explain: () => explain(api, stream),
      leaving: () => this.#still.keep(),
      shown: () => this.#still.drop(),
    });
    this.#coverage = new CoverageLoader({
      load: (span, signal) => api.coverage(stream, span, signal),
      clock,
      view: () => ({ view: timeline.view, width: timeline.clientWidth }),
      loaded: (coverage, span) => {
        timeline.setCoverage(coverage, span);
        this.#loaded = { span, index: timeline.recorded, gaps: coverage.gaps };
      },
    });
    this.#still.over = () => this.#engine?.over;
    const thumbnails = new Thumbnails(api, stream);
    this.#thumbnails = thumbnails;
    timeline.previewOf = (ms) => thumbnails.at(ms, timeline.view, clock.now());
    this.#loaded = NOTHING;
    timeline.setRanges([]);
    timeline.clip = undefined;
    this.#still.drop();
    this.live();
  }

  #end(): void {
    this.#engine?.stop();
    this.#engine = undefined;
    this.#coverage?.stop();
    this.#thumbnails?.stop();
  }

  #listen(): void {
    const root = this.#root;
    for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-action]"))
      button.addEventListener("click", () => this.do(button.dataset.action as Action));
    for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-span]"))
      button.addEventListener("click", () => this.#timeline.show(Number(button.dataset.span)));
    for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-close]"))
      button.addEventListener("click", () => button.closest("dialog")?.close());
    const speed = part(root, "speed", HTMLSelectElement);
    speed.addEventListener("change", () => this.#setSpeed(Number(speed.value)));
    const zone = part(root, "zone", HTMLSelectElement);
    zone.addEventListener("change", () => this.#setZone(zone.value as ZoneChoice));
    const on = (name: string, run: (detail: never) => void) =>
      this.#timeline.addEventListener(name, (event) => run((event as CustomEvent).detail as never));
    on("streambank-seek", (ms: number) => this.seek(ms));
    on("streambank-scrub", (ms: number) => this.#scrub(ms));
    on("streambank-clip", (clip: { from: number; to: number }) => this.#clip.set(clip));
    on("streambank-view", () => {
      this.#coverage?.soon();
      this.#show();
    });
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event: KeyboardEvent): void {
    const [target] = event.composedPath();
    const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    const inDialog = target instanceof Element && target.closest("dialog") !== null;
    const pressed = target instanceof HTMLButtonElement && [" ", "Enter"].includes(event.key);
    if (typing || inDialog || pressed) return;
    const action = actionOf(event);
    if (action === undefined) return;
    event.preventDefault();
    this.do(action);
  }

  #move(ms: number): void {
    const at = this.positionMs;
    if (at !== undefined) this.seek(at + ms);
  }

  #scrub(ms: number): void {
    this.#gap = undefined;
    this.#engine?.scrub(ms);
  }

  #setSpeed(speed: number): void {
    if (this.#engine !== undefined) this.#engine.speed = speed;
  }

  #setZone(choice: ZoneChoice): void {
    this.#zoneChoice = choice;
    this.#timeline.zone = this.zone;
    this.#show();
  }

  /** To the start of a recording, whatever the loaded coverage says. */
  #goTo(ms: number): void {
    this.#gap = undefined;
    this.#timeline.reveal(ms);
    this.#engine?.seek(ms);
  }

  /** The gap in the middle of a stretch, as far as is known. */
  #gapAt({ from, to }: Span): Gap | undefined {
    return gapAt(this.#loaded, (from + to) / 2, this.#engine?.serverNowMs ?? to);
  }

  #skipped(from: number, to: number): void {
    if (to - from < NOTICE_MS) return;
    const gap = { ...this.#gapAt({ from, to }), from, to };
    this.#view.notice(`Skipped: no recording ${gapText(gap, this.zone)}`);
    fire(this, "streambank-gap", gap);
  }

  #toggleGaps(): void {
    this.setAttribute("gaps", this.waits ? "skip" : "wait");
    const how = this.waits ? "played in real time" : "left out";
    this.#view.notice(`Gaps in the recording are ${how}`);
  }

  #show(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    this.#timeline.update(engine.serverNowMs, engine.positionMs);
    const waits = engine.waitsIn;
    const waiting = waits && { from: waits.fromMs, to: waits.toMs };
    const inside = this.#gap ?? (waiting && (this.#gapAt(waiting) ?? waiting));
    const gap = inside === undefined ? undefined : gapText(inside, this.zone);
    this.#view.show({
      engine,
      video: this.#video,
      zone: this.zone,
      zoneChoice: this.#zoneChoice,
      gap,
    });
    say(part(this.#root, "live", HTMLElement), engine.mode === "live" ? "Live" : "Go live");
  }
}
