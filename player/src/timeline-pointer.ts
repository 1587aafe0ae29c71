/** Mouse and fingers on the timeline: click, drag, pinch, wheel, Shift and drag, playhead, handles of the clip. Browser only. */
import type { Span } from "./coverage-types.ts";
import { pan, timeAt, type View, xOf, zoom } from "./timeline-model.ts";
import { LABELS } from "./timeline-paint.ts";

/** A pointer that moved less than this was a click, CSS pixels. */
const CLICK_PX = 5;
/** So near to an end of the clip a pointer takes hold of it. */
const HANDLE_PX = 8;
/** The same for the playhead; fingers are wider. */
const HEAD_PX = { mouse: 6, other: 22 } as const;

export interface PointerTarget {
  readonly view: () => View;
  readonly clip: () => Span | undefined;
  readonly width: () => number;
  readonly setView: (view: View, panned: boolean) => void;
  /** The playhead, ms. */
  readonly head: () => number | undefined;
  readonly seek: (ms: number) => void;
  /** The playhead is dragged; `seek` follows when it is let go. */
  readonly scrub: (ms: number) => void;
  readonly select: (clip: Span) => void;
  readonly hover: (x: number | undefined) => void;
}

export class TimelinePointer {
  readonly #element: HTMLElement;
  readonly #target: PointerTarget;
  readonly #pointers = new Map<number, number>();
  /** The end of the clip that stays while the other one is dragged, ms. */
  #anchor: number | undefined;
  /** The playhead is held. */
  #scrubs = false;
  #moved = 0;

  constructor(element: HTMLElement, target: PointerTarget) {
    this.#element = element;
    this.#target = target;
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#cancel(event));
    element.addEventListener("pointerleave", () => target.hover(undefined));
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { view, width, setView } = this.#target;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) setView(pan(view(), event.deltaX, width()), true);
    else setView(zoom(view(), 1.0015 ** event.deltaY, event.offsetX, width()), false);
  }

  #down(event: PointerEvent): void {
    this.#element.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event.offsetX);
    this.#moved = this.#pointers.size > 1 ? CLICK_PX : 0;
    this.#anchor = this.#pointers.size > 1 ? undefined : this.#held(event);
    this.#scrubs = this.#pointers.size === 1 && this.#anchor === undefined && this.#onHead(event);
  }

  /** On the playhead, or on the row of labels above the bar. */
  #onHead({ offsetX, offsetY, pointerType }: PointerEvent): boolean {
    const { view, width, head } = this.#target;
    const ms = head();
    if (offsetY < LABELS) return true;
    const near = pointerType === "mouse" ? HEAD_PX.mouse : HEAD_PX.other;
    return ms !== undefined && Math.abs(xOf(view(), width(), ms) - offsetX) <= near;
  }

  /** The end that stays, when this pointer takes hold of the clip or begins a new one. */
  #held(event: PointerEvent): number | undefined {
    const { view, clip, width } = this.#target;
    const now = clip();
    const near = (ms: number) => Math.abs(xOf(view(), width(), ms) - event.offsetX) <= HANDLE_PX;
    if (now !== undefined && near(now.from)) return now.to;
    if (now !== undefined && near(now.to)) return now.from;
    return event.shiftKey ? timeAt(view(), width(), event.offsetX) : undefined;
  }

  #move(event: PointerEvent): void {
    const { view, width, setView } = this.#target;
    const before = this.#pointers.get(event.pointerId);
    if (event.pointerType === "mouse") this.#target.hover(event.offsetX);
    if (before === undefined) return;
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#moved += Math.abs(event.offsetX - before);
    if (other !== undefined) {
      const factor =
        Math.max(8, Math.abs(before - other)) / Math.max(8, Math.abs(event.offsetX - other));
      setView(zoom(view(), factor, (event.offsetX + other) / 2, width()), false);
    } else if (this.#moved >= CLICK_PX) this.#drag(event, before);
    this.#pointers.set(event.pointerId, event.offsetX);
  }

  #drag(event: PointerEvent, before: number): void {
    const { view, width, setView, select, scrub } = this.#target;
    if (this.#scrubs) {
      scrub(timeAt(view(), width(), event.offsetX));
      return;
    }
    if (this.#anchor === undefined) {
      setView(pan(view(), before - event.offsetX, width()), true);
      return;
    }
    const at = timeAt(view(), width(), event.offsetX);
    select({ from: Math.min(at, this.#anchor), to: Math.max(at, this.#anchor) });
  }

  #up(event: PointerEvent): void {
    const held = this.#pointers.delete(event.pointerId);
    const dragged = this.#moved >= CLICK_PX;
    const scrubbed = this.#scrubs;
    this.#anchor = undefined;
    this.#scrubs = false;
    if (!held || (dragged && !scrubbed) || event.button !== 0) return;
    this.#target.seek(timeAt(this.#target.view(), this.#target.width(), event.offsetX));
  }

  /** The system took the pointer: what was held is let go where it is. */
  #cancel(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    const head = this.#target.head();
    if (this.#scrubs && this.#moved >= CLICK_PX && head !== undefined) this.#target.seek(head);
    this.#scrubs = false;
  }
}
