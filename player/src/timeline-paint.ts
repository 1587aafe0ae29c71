/** Draws the timeline on a canvas: bars, gaps, ticks, playhead, now. Decides nothing. */

import { tickLabel, timeOfDay, zoneOffsetMs } from "./time-text.ts";
import {
  columns,
  gapsBetween,
  notches,
  type Span,
  spanOf,
  ticks,
  type View,
  xOf,
} from "./timeline-model.ts";

export interface Scene {
  readonly view: View;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly ranges: readonly Span[];
  readonly nowMs: number;
  readonly playheadMs: number | undefined;
  /** Under the pointer. */
  readonly hoverX: number | undefined;
}

const COLORS = {
  track: "#1b222c",
  bar: "#3793dd",
  gap: "#0d1117",
  tick: "#8b98a9",
  line: "rgba(255,255,255,0.16)",
  now: "#ff5c5c",
  future: "rgba(255,255,255,0.035)",
  head: "#ffffff",
  hover: "rgba(255,255,255,0.35)",
};
const FONT = "12px system-ui, sans-serif";
/** Height of the label row on top. */
const LABELS = 22;
const LABEL_PX = 84;
/** Tick labels nearer to the playhead than this would be half hidden by its own. */
const CLEAR_PX = 66;

export function paint(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height } = scene;
  canvas.clearRect(0, 0, width, height);
  canvas.font = FONT;
  paintBars(canvas, scene);
  paintTicks(canvas, scene);
  const nowX = xOf(scene.view, width, scene.nowMs);
  if (nowX < width) {
    canvas.fillStyle = COLORS.future;
    canvas.fillRect(Math.max(0, nowX), LABELS, width, height - LABELS);
  }
  line(canvas, nowX, scene, COLORS.now, 2);
  if (scene.hoverX !== undefined) paintHover(canvas, scene, scene.hoverX);
  if (scene.playheadMs !== undefined) paintHead(canvas, scene, scene.playheadMs);
}

function paintBars(canvas: CanvasRenderingContext2D, { view, width, height, ranges }: Scene): void {
  const top = LABELS + 6;
  const tall = height - top - 8;
  canvas.fillStyle = COLORS.track;
  canvas.fillRect(0, top, width, tall);
  canvas.fillStyle = COLORS.bar;
  const parts = columns(view, width, ranges);
  // Columns of equal strength go into one rectangle: seams would show between them.
  for (let x = 0; x < parts.length; ) {
    const part = parts[x] ?? 0;
    let end = x + 1;
    while (end < parts.length && parts[end] === part) end++;
    if (part > 0) {
      canvas.globalAlpha = 0.25 + 0.75 * part;
      canvas.fillRect(x, top, end - x, tall);
    }
    x = end;
  }
  canvas.globalAlpha = 1;
  canvas.fillStyle = COLORS.gap;
  for (const { x, w } of notches(view, width, gapsBetween(ranges)))
    canvas.fillRect(x, top, w, tall);
}

function paintTicks(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { view, width, height, playheadMs } = scene;
  const { stepMs, times } = ticks(view, width, { minPx: LABEL_PX, offsetMs: zoneOffsetMs });
  const head = playheadMs === undefined ? -width : xOf(view, width, playheadMs);
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  for (const time of times) {
    const x = xOf(view, width, time);
    canvas.fillStyle = COLORS.line;
    canvas.fillRect(Math.round(x), LABELS, 1, height - LABELS);
    canvas.fillStyle = COLORS.tick;
    const clear = Math.abs(x - head) > CLEAR_PX;
    if (clear && x > 24 && x < width - 24) canvas.fillText(tickLabel(time, stepMs), x, LABELS / 2);
  }
}

function paintHover(canvas: CanvasRenderingContext2D, scene: Scene, x: number): void {
  line(canvas, x, scene, COLORS.hover, 1);
  const ms = scene.view.fromMs + (x / scene.width) * spanOf(scene.view);
  label(canvas, scene, { x, text: timeOfDay(ms), back: "#2a3340", ink: "#e6edf3" });
}

function paintHead(canvas: CanvasRenderingContext2D, scene: Scene, ms: number): void {
  const x = xOf(scene.view, scene.width, ms);
  if (x < -1 || x > scene.width + 1) return;
  line(canvas, x, scene, COLORS.head, 2);
  label(canvas, scene, { x, text: timeOfDay(ms), back: COLORS.head, ink: "#0d1117" });
}

function line(
  canvas: CanvasRenderingContext2D,
  x: number,
  { width, height }: Scene,
  color: string,
  thick: number,
): void {
  if (x < 0 || x > width) return;
  canvas.fillStyle = color;
  canvas.fillRect(Math.round(x) - thick / 2, LABELS, thick, height - LABELS);
}

/** A label on the top row, kept inside on both sides; it hides the ticks under it. */
function label(
  canvas: CanvasRenderingContext2D,
  { width }: Scene,
  { x, text, back, ink }: { x: number; text: string; back: string; ink: string },
): void {
  const wide = canvas.measureText(text).width + 14;
  const left = Math.min(width - wide, Math.max(0, x - wide / 2));
  canvas.fillStyle = back;
  canvas.beginPath();
  canvas.roundRect(left, 1, wide, LABELS - 3, 5);
  canvas.fill();
  canvas.fillStyle = ink;
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  canvas.fillText(text, left + wide / 2, LABELS / 2);
}
