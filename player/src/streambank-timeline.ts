/**
 * `<streambank-timeline>`: what is recorded, and where we are in it. Wheel or pinch zooms at the pointer, dragging pans,
 * a click seeks, dragging the playhead or along the labels scrubs, dragging with Shift chooses a clip. Fires `streambank-seek` and
 * `streambank-scrub` (detail: ms), `streambank-view` (detail: View) and `streambank-clip` (detail: Span). Fetches nothing.
 */
import type { Coverage, Gap, Span } from "./coverage-types.ts";
import { fire } from "./events.ts";
import { placeText } from "./gap-model.ts";
import { part, say } from "./html.ts";
import { type Notch, notches, RecordedIndex } from "./recorded-index.ts";
import { timelineStyles } from "./styles.ts";
import { timelineColors } from "./theme.ts";
import { dateOf, timeOfDay, zoneOf } from "./time-text.ts";
import { pan, spanOf, timeAt, type View, viewUpTo, xOf, zoom } from "./timeline-model.ts";
import { paint, type TimelineColors } from "./timeline-paint.ts";
import { TimelinePointer } from "./timeline-pointer.ts";

const KEY_STEP_MS = 5000;

/** A small picture for a time: where it is on its sheet, CSS pixels. */
export interface Preview {
  readonly url: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Fires its own events only when somebody moves it by hand. */
export class StreambankTimeline extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #canvas: HTMLCanvasElement;
  readonly #slider: HTMLElement;
  readonly #preview: HTMLElement;
  #view: View = viewUpTo(0, 15 * 60_000);
  #recorded = new RecordedIndex([]);
  #gaps: readonly Gap[] = [];
  /** What was asked the server for; all of time when the page gave ranges alone. */
  #loaded: Span = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  #drawn: { key: string; index: RecordedIndex; parts: Float64Array; notches: Notch[] } | undefined;
  #colors: TimelineColors | undefined;
  #nowMs = 0;
  #playheadMs: number | undefined;
  #hoverX: number | undefined;
  #follows = true;
  #painting = false;
  #zone: string | undefined;
  #clip: Span | undefined;
  /** Asked for the picture of a time under the pointer. */
  previewOf: (ms: number) => Preview | undefined = () => undefined;

  constructor() {
    super();
    this.#root.innerHTML = `<style>${timelineStyles}</style>
      <div part="preview" hidden></div>
      <div part="hint" hidden></div>
      <div part="slider" role="slider" tabindex="0" aria-label="Time">
        <canvas part="canvas"></canvas>
      </div>`;
    this.#slider = part(this.#root, "slider", HTMLElement);
    this.#canvas = part(this.#root, "canvas", HTMLCanvasElement);
    this.#preview = part(this.#root, "preview", HTMLElement);
    new TimelinePointer(this.#slider, {
      view: () => this.#view,
      clip: () => this.#clip,
      width: () => this.#width,
      setView: (view, panned) => this.#setView(view, panned),
      head: () => this.#playheadMs,
      seek: (ms) => this.#seek(ms),
      scrub: (ms) => this.#scrub(ms),
      select: (clip) => this.#select(clip),
      hover: (x) => this.#hover(x),
    });
    this.#slider.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#changed()).observe(this);
    this.#slider.addEventListener("focus", () => this.#speak());
    // Custom properties of the page and `theme` may have changed.
    const looks = () => {
      this.#colors = undefined;
      this.#changed();
    };
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", looks);
    const attributeFilter = ["theme", "style", "class"];
    new MutationObserver(looks).observe(this, { attributes: true, attributeFilter });
  }

  connectedCallback(): void {
    this.#colors = undefined;
    this.#changed();
  }

  get view(): View {
    return this.#view;
  }

  get ranges(): readonly Span[] {
    return this.#recorded.ranges;
  }

  /** What is recorded, to be looked up. */
  get recorded(): RecordedIndex {
    return this.#recorded;
  }

  /** IANA name of the zone that times are told in; `undefined`: the viewer's own. */
  get zone(): string | undefined {
    return this.#zone;
  }

  set zone(zone: string | undefined) {
    this.#zone = zone;
    this.#changed();
  }

  /** The stretch that is marked for export. */
  get clip(): Span | undefined {
    return this.#clip;
  }

  set clip(clip: Span | undefined) {
    this.#clip = clip;
    this.#changed();
  }

  /** The now-line stays in view until somebody pans away. */
  follow(): void {
    this.#follows = true;
    this.update(this.#nowMs, this.#playheadMs);
  }

  setRanges(ranges: readonly Span[]): void {
    const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    this.setCoverage({ ranges, gaps: [] }, everything);
  }

  /** What was loaded of a stretch, with the causes of gaps and how much of each part is recorded. */
  setCoverage({ ranges, gaps, density }: Coverage, loaded: Span): void {
    this.#recorded = new RecordedIndex(ranges, density);
    this.#gaps = gaps;
    this.#loaded = loaded;
    this.#showHint();
    this.#changed();
  }

  /** Times of the now-line and the playhead, ms. */
  update(nowMs: number, playheadMs: number | undefined): void {
    this.#nowMs = nowMs;
    this.#playheadMs = playheadMs;
    if (this.#follows) this.#view = viewUpTo(nowMs, this.#view.toMs - this.#view.fromMs);
    this.#changed();
  }

  /** A stretch of this length: around the playhead when that is in the past, else up to now. */
  show(spanMs: number): void {
    const head = this.#playheadMs;
    const past = head !== undefined && this.#nowMs - head > spanMs * 0.9;
    if (past) this.#view = { fromMs: head - spanMs / 2, toMs: head + spanMs / 2 };
    else this.#view = viewUpTo(this.#nowMs, spanMs);
    this.#follows = !past;
    this.#changed();
    this.#tellView();
  }

  /** Brings a time into view without a change of zoom. */
  reveal(ms: number): void {
    const span = this.#view.toMs - this.#view.fromMs;
    if (ms >= this.#view.fromMs && ms <= this.#view.toMs) return;
    this.#setView({ fromMs: ms - span / 2, toMs: ms + span / 2 }, true);
  }

  /** Zooms around the playhead when it is in view, else around the middle. */
  zoomBy(factor: number): void {
    const width = this.#width;
    const x = xOf(this.#view, width, this.#playheadMs ?? this.#view.fromMs + 1);
    this.#setView(zoom(this.#view, factor, x >= 0 && x <= width ? x : width / 2, width), false);
  }

  /** By a part of what is shown: positive shows later times. */
  panBy(fraction: number): void {
    this.#setView(pan(this.#view, fraction, 1), true);
  }

  get #width(): number {
    return this.#canvas.clientWidth || 1;
  }

  #hover(x: number | undefined): void {
    this.#hoverX = x;
    this.#showPreview();
    this.#showHint();
    this.#changed();
  }

  /** What is the matter with the place under the pointer, when something is. */
  #showHint(): void {
    const hint = part(this.#root, "hint", HTMLElement);
    const x = this.#hoverX;
    const at = (px: number) => timeAt(this.#view, this.#width, px);
    const loaded = { span: this.#loaded, index: this.#recorded, gaps: this.#gaps };
    const clock = { nowMs: this.#nowMs, zone: this.#zone };
    const text =
      x === undefined ? "" : placeText(loaded, { from: at(x - 0.5), to: at(x + 0.5) }, clock);
    hint.hidden = text === "";
    say(hint, text);
    if (x === undefined || text === "") return;
    const half = hint.offsetWidth / 2;
    hint.style.left = `${Math.min(this.#width - half, Math.max(half, x))}px`;
  }

  #showPreview(): void {
    const x = this.#hoverX;
    const ms = x === undefined ? 0 : this.#view.fromMs + (x / this.#width) * spanOf(this.#view);
    const preview = x === undefined || ms > this.#nowMs ? undefined : this.previewOf(ms);
    this.#preview.hidden = preview === undefined;
    if (preview === undefined || x === undefined) return;
    const left = Math.min(this.#width - preview.width, Math.max(0, x - preview.width / 2));
    Object.assign(this.#preview.style, {
      left: `${left}px`,
      width: `${preview.width}px`,
      height: `${preview.height}px`,
      background: `url("${preview.url}") -${preview.x}px -${preview.y}px`,
    });
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 60_000 : KEY_STEP_MS;
    const runs: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#seek((this.#playheadMs ?? this.#nowMs) - step),
      ArrowRight: () => this.#seek((this.#playheadMs ?? this.#nowMs) + step),
      PageUp: () => this.panBy(-0.5),
      PageDown: () => this.panBy(0.5),
    };
    const run = runs[event.key];
    if (run === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  #seek(ms: number): void {
    // The next key press counts from here, although the picture may still be on its way.
    this.#playheadMs = Math.min(ms, this.#nowMs);
    this.#speak();
    fire(this, "streambank-seek", this.#playheadMs);
  }

  #scrub(ms: number): void {
    this.#playheadMs = Math.min(ms, this.#nowMs);
    fire(this, "streambank-scrub", this.#playheadMs);
    this.#changed();
  }

  #select(clip: Span): void {
    this.#clip = { from: clip.from, to: Math.min(clip.to, this.#nowMs) };
    fire(this, "streambank-clip", this.#clip);
    this.#changed();
  }

  #setView(view: View, panned: boolean): void {
    this.#view = view;
    if (panned) this.#follows = false;
    // Zoomed or panned so that now is out of view: stay there.
    if (this.#nowMs > view.toMs || this.#nowMs < view.fromMs) this.#follows = false;
    if (this.#follows) this.#view = viewUpTo(this.#nowMs, view.toMs - view.fromMs);
    this.#changed();
    this.#tellView();
  }

  #tellView(): void {
    fire(this, "streambank-view", this.#view);
  }

  /** Draws once per frame however often something changes. */
  #changed(): void {
    if (this.#painting) return;
    this.#painting = true;
    requestAnimationFrame(() => {
      this.#painting = false;
      this.#paint();
      // While somebody is on it, it would be read out every second: then only what they do is said.
      if (this.#root.activeElement !== this.#slider) this.#speak();
    });
  }

  #paint(): void {
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    const scale = devicePixelRatio;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== w) this.#canvas.width = w;
    if (this.#canvas.height !== h) this.#canvas.height = h;
    const context = this.#canvas.getContext("2d");
    if (context === null || width === 0) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const { parts, notches } = this.#columns(width);
    this.#colors ??= timelineColors(this);
    paint(context, {
      view: this.#view,
      width,
      height,
      parts,
      notches,
      nowMs: this.#nowMs,
      playheadMs: this.#playheadMs,
      hoverX: this.#hoverX,
      clip: this.#clip,
      zone: this.#zone,
      colors: this.#colors,
    });
  }

  /** Counted anew only when the view or what is recorded has changed. */
  #columns(width: number): { parts: Float64Array; notches: readonly Notch[] } {
    const view = this.#view;
    const key = `${view.fromMs} ${view.toMs} ${width}`;
    if (this.#drawn?.key === key && this.#drawn.index === this.#recorded) return this.#drawn;
    const parts = this.#recorded.columns(view, width);
    const columnMs = spanOf(view) / Math.max(1, parts.length);
    this.#drawn = { key, index: this.#recorded, parts, notches: notches(parts, columnMs) };
    return this.#drawn;
  }

  #speak(): void {
    const at = this.#playheadMs ?? this.#nowMs;
    const recorded = this.#recorded.at(at) === undefined ? "not recorded" : "recorded";
    const zone = this.#zone;
    const text = `${dateOf(at, zone)} ${timeOfDay(at, zone)} ${zoneOf(at, zone)}, ${recorded}`;
    const set = (name: string, value: string) => {
      if (this.#slider.getAttribute(name) !== value) this.#slider.setAttribute(name, value);
    };
    const [from, now] = [this.#view.fromMs, this.#nowMs].map((ms) => Math.round(ms / 1000));
    const second = Math.round(at / 1000);
    set("aria-valuemin", String(Math.min(from ?? 0, second)));
    set("aria-valuemax", String(Math.max(now ?? 0, second)));
    set("aria-valuenow", String(second));
    set("aria-valuetext", text);
  }
}
