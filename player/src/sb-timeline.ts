/**
 * `<sb-timeline>`: what is recorded, and where we are in it. Wheel or pinch zooms at the pointer, dragging pans,
 * a click seeks. Fires `sb-seek` (detail: ms) and `sb-view` (detail: View). Fetches nothing.
 */
import { part } from "./html.ts";
import { timelineStyles } from "./styles.ts";
import { dateOf, timeOfDay, zoneOf } from "./time-text.ts";
import { pan, rangeAt, type Span, timeAt, type View, viewUpTo, zoom } from "./timeline-model.ts";
import { paint } from "./timeline-paint.ts";

/** A pointer that moved less than this was a click, CSS pixels. */
const CLICK_PX = 5;
const KEY_STEP_MS = 5000;

export class SbTimeline extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #canvas: HTMLCanvasElement;
  readonly #slider: HTMLElement;
  readonly #pointers = new Map<number, number>();
  #view: View = viewUpTo(0, 15 * 60_000);
  #ranges: readonly Span[] = [];
  #nowMs = 0;
  #playheadMs: number | undefined;
  #hoverX: number | undefined;
  #follows = true;
  #moved = 0;
  #painting = false;

  constructor() {
    super();
    this.#root.innerHTML = `<style>${timelineStyles}</style>
      <div part="slider" role="slider" tabindex="0" aria-label="Time">
        <canvas part="canvas"></canvas>
      </div>`;
    this.#slider = part(this.#root, "slider", HTMLElement);
    this.#canvas = part(this.#root, "canvas", HTMLCanvasElement);
    this.#listen();
    new ResizeObserver(() => this.#changed()).observe(this);
  }

  get view(): View {
    return this.#view;
  }

  get ranges(): readonly Span[] {
    return this.#ranges;
  }

  /** The now-line stays in view until somebody pans away. */
  follow(): void {
    this.#follows = true;
    this.update(this.#nowMs, this.#playheadMs);
  }

  setRanges(ranges: readonly Span[]): void {
    this.#ranges = ranges;
    this.#changed();
  }

  /** Times of the now-line and the playhead, ms. */
  update(nowMs: number, playheadMs: number | undefined): void {
    this.#nowMs = nowMs;
    this.#playheadMs = playheadMs;
    if (this.#follows) this.#view = viewUpTo(nowMs, this.#view.toMs - this.#view.fromMs);
    this.#changed();
  }

  /** A stretch of this length that ends about now. */
  show(spanMs: number): void {
    this.#view = viewUpTo(this.#nowMs, spanMs);
    this.follow();
    this.#tellView();
  }

  /** Zooms around the playhead when it is in view, else around the middle. */
  zoomBy(factor: number): void {
    const width = this.#width;
    const head = this.#playheadMs ?? (this.#view.fromMs + this.#view.toMs) / 2;
    const x = ((head - this.#view.fromMs) / (this.#view.toMs - this.#view.fromMs)) * width;
    this.#setView(zoom(this.#view, factor, x >= 0 && x <= width ? x : width / 2, width));
  }

  get #width(): number {
    return this.#canvas.clientWidth || 1;
  }

  #listen(): void {
    const slider = this.#slider;
    slider.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    slider.addEventListener("pointerdown", (event) => this.#down(event));
    slider.addEventListener("pointermove", (event) => this.#move(event));
    slider.addEventListener("pointerup", (event) => this.#up(event));
    slider.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    slider.addEventListener("pointerleave", () => this.#hover(undefined));
    slider.addEventListener("keydown", (event) => this.#key(event));
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) this.#setView(pan(this.#view, event.deltaX, this.#width), true);
    else this.#setView(zoom(this.#view, 1.0015 ** event.deltaY, event.offsetX, this.#width));
  }

  #down(event: PointerEvent): void {
    this.#slider.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event.offsetX);
    this.#moved = this.#pointers.size > 1 ? CLICK_PX : 0;
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (event.pointerType === "mouse") this.#hover(event.offsetX);
    if (before === undefined) return;
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId);
    const other = others[0]?.[1];
    this.#moved += Math.abs(event.offsetX - before);
    if (other !== undefined) {
      const factor =
        Math.max(8, Math.abs(before - other)) / Math.max(8, Math.abs(event.offsetX - other));
      this.#setView(zoom(this.#view, factor, (event.offsetX + other) / 2, this.#width));
    } else if (this.#moved >= CLICK_PX) {
      this.#setView(pan(this.#view, before - event.offsetX, this.#width), true);
    }
    this.#pointers.set(event.pointerId, event.offsetX);
  }

  #up(event: PointerEvent): void {
    const held = this.#pointers.delete(event.pointerId);
    if (!held || this.#moved >= CLICK_PX || event.button !== 0) return;
    this.#seek(timeAt(this.#view, this.#width, event.offsetX));
  }

  #hover(x: number | undefined): void {
    this.#hoverX = x;
    this.#changed();
  }

  #key(event: KeyboardEvent): void {
    const step = event.shiftKey ? 60_000 : KEY_STEP_MS;
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -step, ArrowRight: step };
    const by = steps[event.key];
    if (by === undefined || this.#playheadMs === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#seek(this.#playheadMs + by);
  }

  #seek(ms: number): void {
    // The next key press counts from here, although the picture may still be on its way.
    this.#playheadMs = Math.min(ms, this.#nowMs);
    this.dispatchEvent(new CustomEvent("sb-seek", { detail: this.#playheadMs }));
  }

  #setView(view: View, panned = false): void {
    this.#view = view;
    if (panned) this.#follows = false;
    // Zoomed or panned so that now is out of view: stay there.
    if (this.#nowMs > view.toMs || this.#nowMs < view.fromMs) this.#follows = false;
    if (this.#follows) this.#view = viewUpTo(this.#nowMs, view.toMs - view.fromMs);
    this.#changed();
    this.#tellView();
  }

  #tellView(): void {
    this.dispatchEvent(new CustomEvent("sb-view", { detail: this.#view }));
  }

  /** Draws once per frame however often something changes. */
  #changed(): void {
    if (this.#painting) return;
    this.#painting = true;
    requestAnimationFrame(() => {
      this.#painting = false;
      this.#paint();
      this.#speak();
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
    const hoverX = this.#hoverX;
    const [view, ranges, nowMs] = [this.#view, this.#ranges, this.#nowMs];
    paint(context, { view, width, height, ranges, nowMs, playheadMs: this.#playheadMs, hoverX });
  }

  #speak(): void {
    const at = this.#playheadMs ?? this.#nowMs;
    const recorded = rangeAt(this.#ranges, at) === undefined ? "not recorded" : "recorded";
    const text = `${dateOf(at)} ${timeOfDay(at)} ${zoneOf(at)}, ${recorded}`;
    const set = (name: string, value: string) => {
      if (this.#slider.getAttribute(name) !== value) this.#slider.setAttribute(name, value);
    };
    set("aria-valuemin", String(Math.round(this.#view.fromMs / 1000)));
    set("aria-valuemax", String(Math.round(this.#nowMs / 1000)));
    set("aria-valuenow", String(Math.round(at / 1000)));
    set("aria-valuetext", text);
  }
}
