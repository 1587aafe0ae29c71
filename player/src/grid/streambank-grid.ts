/**
 * `<streambank-grid streams="a b c" server="http://host" token="…" tiles="4">`: cameras side by side, one clock, one timeline. In
 * playback all show the same moment of the wall clock (`Conductor`); live, each its newest picture. What is not seen does not load.
 */
import { type CancelTimer, realClock } from "../../../src/base/clock.ts";
import { Api, type CoverageWish } from "../api.ts";
import { CoverageLoader } from "../coverage-loader.ts";
import type { Coverage } from "../coverage-types.ts";
import { fire } from "../events.ts";
import { explain } from "../explain.ts";
import { NOTICE_MS } from "../gap-model.ts";
import { part, toggleFullScreen } from "../html.ts";
import { type Action, actionOf } from "../keys.ts";
import { byKeyframes, speedAfter } from "../speeds.ts";
import { StreambankTimeline } from "../streambank-timeline.ts";
import { knownZone } from "../zones.ts";
import { Conductor, nextOfAll } from "./conductor.ts";
import { loadCoverage } from "./grid-coverage.ts";
import { gridMarkup, layouts } from "./grid-markup.ts";
import { GridTile } from "./grid-tile.ts";
import { GridView } from "./grid-view.ts";

const TICK_MS = 200;
const STEP_MS = 5000;
const BIG_STEP_MS = 60_000;
/** Without a list of streams, new ones are looked for so often, ms. */
const LOOK_MS = 10_000;
/** More cameras than this are not shown in one grid. */
const MAX_TILES = 64;

/** The grid. `live()`, `seek(ms)`, `toggle()` and `enlarge(stream)` are for pages; everything else has a button and a key. */
export class StreambankGrid extends HTMLElement {
  static readonly observedAttributes = ["streams", "server", "token", "tiles", "theme", "zone"];
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #clock = realClock;
  readonly #timeline: StreambankTimeline;
  readonly #view: GridView;
  #tiles: GridTile[] = [];
  #seen = new Set<Element>();
  #watch: IntersectionObserver | undefined;
  /** In playback; live, nobody waits for anybody. */
  #conductor: Conductor | undefined;
  #coverage: CoverageLoader | undefined;
  #enlarged: string | undefined;
  #paused = false;
  #speed = 1;
  #cancelTick: CancelTimer = () => {};
  #cancelLook: CancelTimer = () => {};

  constructor() {
    super();
    this.#root.innerHTML = gridMarkup;
    this.#timeline = part(this.#root, "timeline", StreambankTimeline);
    this.#view = new GridView(this.#root, this);
    this.#listen();
  }

  connectedCallback(): void {
    this.#layOut();
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(name: string): void {
    if (name === "theme") this.#timeline.setAttribute("theme", this.getAttribute("theme") ?? "");
    else if (name === "tiles") this.#layOut();
    else if (name === "zone") this.#timeline.zone = this.zone;
    else if (name === "streams") {
      if (this.isConnected) void this.#look();
    } else if (this.isConnected) this.#begin();
  }

  /** Names in the order they are shown: those of the attribute, or all that the server has. */
  get streams(): readonly string[] {
    return this.#tiles.map(({ stream }) => stream);
  }

  get server(): string {
    return (this.getAttribute("server") ?? location.origin).replace(/\/+$/, "");
  }

  /** How many are in view at once: 1, 4, 9 or 16; the others are found by scrolling. */
  get tiles(): number {
    const wanted = Number(this.getAttribute("tiles") ?? 4);
    return layouts.find((count) => count >= wanted) ?? 16;
  }

  /** IANA name of the zone that times are told in; `undefined`: the viewer's own. */
  get zone(): string | undefined {
    return knownZone(this.getAttribute("zone"));
  }

  get mode(): "live" | "playback" {
    return this.#conductor === undefined ? "live" : "playback";
  }

  /** Common time of all pictures, ms; live, that of the first that is seen. */
  get positionMs(): number | undefined {
    return this.#conductor?.ms ?? this.#first?.positionMs;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The camera that fills the grid. */
  get enlarged(): string | undefined {
    return this.#enlarged;
  }

  live(): void {
    this.#conductor = undefined;
    this.#paused = false;
    this.#speed = 1;
    for (const tile of this.#running) tile.live();
    this.#timeline.follow();
    this.#show();
  }

  /** Plays all cameras from a producer time, ms since the Unix epoch. Stays paused. */
  seek(ms: number): void {
    const at = Math.min(ms, this.#nowMs);
    this.#conductor ??= new Conductor(this.#clock, at);
    Object.assign(this.#conductor, { paused: this.#paused, speed: this.#speed });
    this.#conductor.seek(at);
    for (const tile of this.#running) tile.seek(at, this.#speed);
    this.#timeline.reveal(at);
    this.#drive();
  }

  toggle(): void {
    const at = this.positionMs ?? this.#nowMs;
    // Where they are now, not where they were at the last tick.
    this.#drive();
    this.#paused = !this.#paused;
    if (this.#conductor === undefined) this.seek(at);
    else this.#conductor.paused = this.#paused;
    this.#drive();
  }

  /** Lets one camera fill the grid, at the time it is at; `undefined`: all again. Of a name that is not shown nothing happens. */
  enlarge(stream: string | undefined): void {
    if (stream !== undefined && !this.streams.includes(stream)) return;
    this.#enlarged = stream;
    this.toggleAttribute("enlarged", stream !== undefined);
    for (const { stream: name, element } of this.#tiles)
      element.setAttribute("aria-pressed", String(name === stream));
    part(this.#root, "back", HTMLElement).hidden = stream === undefined;
    this.#coverage?.soon();
    fire(this, "streambank-enlarge", { stream });
  }

  readonly #actions: Partial<Readonly<Record<Action | "all", () => void>>> = {
    toggle: () => this.toggle(),
    back: () => this.#move(-STEP_MS),
    forward: () => this.#move(STEP_MS),
    "far-back": () => this.#move(-BIG_STEP_MS),
    "far-forward": () => this.#move(BIG_STEP_MS),
    slower: () => this.#setSpeed(speedAfter(this.#speed, -1)),
    faster: () => this.#setSpeed(speedAfter(this.#speed, 1)),
    live: () => this.live(),
    "zoom-in": () => this.#timeline.zoomBy(0.5),
    "zoom-out": () => this.#timeline.zoomBy(2),
    full: () => toggleFullScreen(this),
    all: () => this.enlarge(undefined),
  };

  get #nowMs(): number {
    return this.#first?.serverNowMs ?? this.#clock.now();
  }

  get #running(): readonly GridTile[] {
    return this.#tiles.filter(({ runs }) => runs);
  }

  get #first(): GridTile | undefined {
    return this.#tiles.find(({ runs }) => runs);
  }

  get #api(): Api {
    return new Api(this.server, this.getAttribute("token") ?? undefined);
  }

  #begin(): void {
    this.#end();
    this.#watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries)
        isIntersecting ? this.#seen.add(target) : this.#seen.delete(target);
      this.#wakeAndStop();
    });
    const timeline = this.#timeline;
    timeline.setRanges([]);
    this.#coverage = new CoverageLoader({
      load: (wish, signal) => this.#load(wish, signal),
      clock: this.#clock,
      view: () => ({ view: timeline.view, width: timeline.clientWidth }),
      loaded: (coverage, span) => timeline.setCoverage(coverage, span),
    });
    void this.#look();
    this.#tick();
  }

  #end(): void {
    this.#cancelTick();
    this.#cancelLook();
    this.#watch?.disconnect();
    this.#coverage?.stop();
    for (const tile of this.#tiles) this.#drop(tile);
    this.#tiles = [];
  }

  /** Finds out which cameras there are, and shows them. */
  async #look(): Promise<void> {
    this.#cancelLook();
    const given = this.getAttribute("streams");
    if (given !== null) {
      this.#setStreams(given.split(/[\s,]+/).filter((name) => name !== ""));
      return;
    }
    const [api, watch] = [this.#api, this.#watch];
    try {
      const streams = await api.streams();
      if (this.#watch !== watch) return;
      this.#setStreams(streams.map(({ name }) => name));
      this.#view.notice(streams.length === 0 ? "There is no camera yet" : "");
    } catch (error) {
      this.#view.notice(`The cameras cannot be listed: ${(error as Error).message}`);
    }
    this.#cancelLook();
    if (this.#watch === watch && this.isConnected)
      this.#cancelLook = this.#clock.after(LOOK_MS, () => void this.#look());
  }

  #setStreams(names: readonly string[]): void {
    const wanted = [...new Set(names)].slice(0, MAX_TILES);
    if (wanted.join(" ") === this.streams.join(" ")) return;
    for (const tile of this.#tiles) if (!wanted.includes(tile.stream)) this.#drop(tile);
    this.#tiles = wanted.map(
      (name) => this.#tiles.find(({ stream }) => stream === name) ?? this.#make(name),
    );
    const home = part(this.#root, "tiles", HTMLElement);
    for (const [i, { element }] of this.#tiles.entries())
      if (home.children[i] !== element) home.insertBefore(element, home.children[i] ?? null);
    if (this.#enlarged !== undefined && !wanted.includes(this.#enlarged)) this.enlarge(undefined);
    this.#coverage?.soon();
  }

  #make(stream: string): GridTile {
    const [clock, server, api] = [this.#clock, this.server, this.#api];
    const token = this.getAttribute("token") ?? undefined;
    const tile = new GridTile({
      ...{ clock, server, token, stream },
      explain: () => explain(api, stream),
    });
    tile.element.setAttribute("aria-pressed", String(stream === this.#enlarged));
    tile.element.addEventListener("click", () =>
      this.enlarge(this.#enlarged === stream ? undefined : stream),
    );
    this.#watch?.observe(tile.element);
    return tile;
  }

  #drop(tile: GridTile): void {
    this.#watch?.unobserve(tile.element);
    this.#seen.delete(tile.element);
    tile.stop();
    tile.element.remove();
  }

  /** Tiles that came into view join the others where they are; those that left it stop. */
  #wakeAndStop(): void {
    for (const tile of this.#tiles) {
      const isSeen = this.#seen.has(tile.element);
      if (!isSeen) tile.stop();
      else if (!tile.runs) {
        if (this.#conductor === undefined) tile.live();
        else tile.seek(this.#conductor.ms, this.#speed);
      }
    }
  }

  #tick(): void {
    this.#cancelTick = this.#clock.after(TICK_MS, () => this.#tick());
    this.#drive();
    this.#show();
  }

  #drive(): void {
    const conductor = this.#conductor;
    if (conductor === undefined) return;
    // Faster playback has caught up with the camera.
    if (this.#running.some(({ mode }) => mode === "live")) {
      this.live();
      return;
    }
    const places = this.#tiles.map((tile) => tile.place(conductor.ms));
    const orders = conductor.tick(places);
    for (const [i, tile] of this.#tiles.entries()) {
      const order = orders[i];
      // Each for itself, for comparison.
      if (this.getAttribute("sync") === "off") tile.setPaused(this.#paused);
      else if (order !== undefined) tile.obey(order, this.#speed);
    }
    const next = nextOfAll(places);
    if (next === undefined || this.#paused || next - conductor.ms < NOTICE_MS) return;
    this.#view.skipped({ from: conductor.ms, to: next }, this.zone);
    this.seek(next);
  }

  #show(): void {
    const atMs = this.positionMs ?? this.#nowMs;
    this.#timeline.update(this.#nowMs, this.positionMs);
    for (const tile of this.#running) tile.show({ atMs, paused: this.#paused, zone: this.zone });
    const { mode, positionMs, paused, zone } = this;
    this.#view.show({ mode, positionMs, paused, zone, speed: this.#speed });
  }

  /** What is recorded by all cameras, or by the one that fills the grid. */
  #load(wish: CoverageWish, signal: AbortSignal): Promise<Coverage> {
    const isIn = (stream: string) => this.#enlarged === undefined || stream === this.#enlarged;
    const tiles = this.#tiles.filter(({ stream }) => isIn(stream));
    return loadCoverage(this.#api, tiles, { wish, signal });
  }

  #move(ms: number): void {
    const at = this.positionMs;
    if (at !== undefined) this.seek(at + ms);
  }

  /** What only key frames can show is left out: they would be of different moments. */
  #setSpeed(speed: number): void {
    if (byKeyframes(speed)) return;
    this.#speed = speed;
    const at = this.positionMs;
    if (this.#conductor !== undefined) this.#conductor.speed = speed;
    else if (speed !== 1 && at !== undefined) this.seek(at);
  }

  #layOut(): void {
    const columns = Math.sqrt(this.tiles);
    const home = part(this.#root, "tiles", HTMLElement);
    home.style.setProperty("--columns", String(columns));
    home.style.setProperty("--wanted", String(columns));
    for (const button of this.#root.querySelectorAll<HTMLElement>("button[data-tiles]"))
      button.setAttribute("aria-pressed", String(Number(button.dataset.tiles) === this.tiles));
  }

  #listen(): void {
    const root = this.#root;
    const each = (selector: string, run: (button: HTMLElement) => void) => {
      for (const button of root.querySelectorAll<HTMLElement>(selector))
        button.addEventListener("click", () => run(button));
    };
    each("button[data-action]", ({ dataset }) => this.#actions[dataset.action as Action]?.());
    each("button[data-span]", ({ dataset }) => this.#timeline.show(Number(dataset.span)));
    each("button[data-tiles]", ({ dataset }) => {
      this.enlarge(undefined);
      this.setAttribute("tiles", dataset.tiles ?? "");
    });
    const speed = part(root, "speed", HTMLSelectElement);
    speed.addEventListener("change", () => this.#setSpeed(Number(speed.value)));
    const { addEventListener: on } = this.#timeline;
    on.call(this.#timeline, "streambank-seek", (e) => this.seek((e as CustomEvent<number>).detail));
    on.call(this.#timeline, "streambank-view", () => this.#coverage?.soon());
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event: KeyboardEvent): void {
    const [target] = event.composedPath();
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    const onTile = target instanceof Element && target.part.contains("tile");
    const presses = event.key === "Enter" || (event.key === " " && !onTile);
    if (target instanceof HTMLButtonElement && presses) return;
    const run = this.#runOf(event);
    if (run === undefined) return;
    event.preventDefault();
    run();
  }

  /** 1 to 9 enlarge a camera, or bring all back; Escape and 0 do so, too. */
  #runOf(event: KeyboardEvent): (() => void) | undefined {
    const action = actionOf(event);
    if (action !== undefined) return this.#actions[action];
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (["Escape", "0"].includes(event.key)) return this.#actions.all;
    const stream = this.streams[Number(event.key) - 1];
    if (!/^[1-9]$/.test(event.key) || stream === undefined) return undefined;
    return () => this.enlarge(this.#enlarged === stream ? undefined : stream);
  }
}
