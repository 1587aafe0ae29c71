/** Draws the timeline on a canvas: bars, gaps, ticks, clip, playhead, now. Decides nothing. */
import type { Span } from "./coverage-types.ts";
import { GAP_PX, type Notch } from "./recorded-index.ts";
import { clockText, tickLabel, zoneOf, zoneOffsetMs } from "./time-text.ts";
import { clockChange, spanOf, ticks, type View, xOf } from "./timeline-model.ts";

export interface Scene {
  readonly view: View;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** How much of each pixel column is recorded, 0 to 1, and the gaps that this does not show. */
  readonly parts: Float64Array;
  readonly notches: readonly Notch[];
  readonly nowMs: number;
  readonly playheadMs: number | undefined;
  /** Under the pointer. */
  readonly hoverX: number | undefined;
  /** To be exported. */
  readonly clip: Span | undefined;
  /** IANA name; `undefined`: the viewer's own. */
  readonly zone: string | undefined;
  readonly colors: TimelineColors;
}

/** Any CSS colours. */
export interface TimelineColors {
  readonly track: string;
  readonly bar: string;
  readonly tick: string;
  readonly line: string;
  readonly now: string;
  readonly future: string;
  readonly head: string;
  readonly headInk: string;
  readonly clip: string;
}

const FONT = "12px system-ui, sans-serif";
/** Height of the label row on top. */
export const LABELS = 22;
const LABEL_PX = 84;
/** Tick labels nearer to the playhead than this would be half hidden by its own. */
const CLEAR_PX = 66;
const CLEAR_DAY_PX = 92;
const DAY_MS = 86_400_000;
/** Strength of a column in which next to nothing is recorded; whatever is recorded stands on a line as well. */
const LEAST_ALPHA = 0.12;
const LINE_PX = 4;

type Canvas = CanvasRenderingContext2D;

export function paint(canvas: Canvas, scene: Scene): void {
  const { width, height, colors } = scene;
  canvas.clearRect(0, 0, width, height);
  canvas.font = FONT;
  paintBars(canvas, scene);
  paintTicks(canvas, scene);
  const nowX = xOf(scene.view, width, scene.nowMs);
  if (nowX < width) paintFuture(canvas, scene, Math.max(0, nowX));
  paintChange(canvas, scene);
  if (scene.clip !== undefined) paintClip(canvas, scene, scene.clip);
  line(canvas, nowX, { scene, color: colors.now, thick: 2 });
  if (scene.hoverX !== undefined) paintHover(canvas, scene, scene.hoverX);
  if (scene.playheadMs !== undefined) paintHead(canvas, scene, scene.playheadMs);
}

/** Strong where all is recorded, faint where little is; a line under it says that there is something at all. */
function paintBars(canvas: Canvas, { width, height, parts, notches, colors }: Scene): void {
  const top = LABELS + 6;
  const tall = height - top - 8;
  canvas.fillStyle = colors.track;
  canvas.fillRect(0, top, width, tall);
  canvas.fillStyle = colors.bar;
  // Columns of equal strength go into one rectangle: seams would show between them.
  const strength = (x: number) => Math.ceil((parts[x] ?? 0) * 250) / 250;
  for (let x = 0; x < parts.length; ) {
    const part = strength(x);
    let end = x + 1;
    while (end < parts.length && strength(end) === part) end++;
    if (part > 0) {
      canvas.globalAlpha = LEAST_ALPHA + (1 - LEAST_ALPHA) * part;
      canvas.fillRect(x, top, end - x, tall);
      canvas.globalAlpha = 1;
      canvas.fillRect(x, top + tall - LINE_PX, end - x, LINE_PX);
    }
    x = end;
  }
  canvas.fillStyle = colors.track;
  for (const { x, crowded } of notches) canvas.fillRect(x, top, GAP_PX, crowded ? tall / 3 : tall);
}

function paintTicks(canvas: Canvas, scene: Scene): void {
  const { view, width, height, playheadMs, zone, colors } = scene;
  const offsetMs = (ms: number) => zoneOffsetMs(ms, zone);
  const { stepMs, times } = ticks(view, width, { minPx: LABEL_PX, offsetMs });
  const head = playheadMs === undefined ? -width : xOf(view, width, playheadMs);
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  for (const time of times) {
    const x = xOf(view, width, time);
    canvas.fillStyle = colors.line;
    canvas.fillRect(Math.round(x), LABELS, 1, height - LABELS);
    canvas.fillStyle = colors.tick;
    const clear = Math.abs(x - head) > (spanOf(view) > 2 * DAY_MS ? CLEAR_DAY_PX : CLEAR_PX);
    if (clear && x > 24 && x < width - 24)
      canvas.fillText(tickLabel(time, stepMs, zone), x, LABELS / 2);
  }
}

/** What has not happened yet is hatched: not by shade alone. */
function paintFuture(canvas: Canvas, { width, height, colors }: Scene, from: number): void {
  const top = LABELS + 6;
  const tall = height - top - 8;
  canvas.fillStyle = colors.future;
  canvas.fillRect(from, top, width - from, tall);
  canvas.save();
  canvas.beginPath();
  canvas.rect(from, top, width - from, tall);
  canvas.clip();
  canvas.strokeStyle = colors.line;
  canvas.beginPath();
  for (let x = from - tall; x < width; x += 8) {
    canvas.moveTo(x, top + tall);
    canvas.lineTo(x + tall, top);
  }
  canvas.stroke();
  canvas.restore();
}

/** Where clocks are put on or back. */
function paintChange(canvas: Canvas, scene: Scene): void {
  const { view, width, zone, colors } = scene;
  const change = clockChange(view, (ms) => zoneOffsetMs(ms, zone));
  if (change === undefined) return;
  const x = xOf(view, width, change.atMs);
  line(canvas, x, { scene, color: colors.clip, thick: 2 });
  const minutes = Math.abs(change.byMs) / 60_000;
  const text = `clocks ${change.byMs > 0 ? "forward" : "back"} ${minutes} min: ${zoneOf(change.atMs, zone)}`;
  canvas.fillStyle = colors.tick;
  canvas.textAlign = x > width / 2 ? "right" : "left";
  canvas.fillText(text, x + (x > width / 2 ? -6 : 6), LABELS + 18);
}

function paintClip(canvas: Canvas, { view, width, height, colors }: Scene, clip: Span): void {
  const [from, to] = [xOf(view, width, clip.from), xOf(view, width, clip.to)];
  canvas.fillStyle = colors.clip;
  canvas.globalAlpha = 0.28;
  canvas.fillRect(from, LABELS, to - from, height - LABELS);
  canvas.globalAlpha = 1;
  for (const x of [from - 4, to]) {
    canvas.beginPath();
    canvas.roundRect(x, LABELS, 4, height - LABELS, 2);
    canvas.fill();
  }
}

function paintHover(canvas: Canvas, scene: Scene, x: number): void {
  const { colors } = scene;
  line(canvas, x, { scene, color: colors.tick, thick: 1 });
  const ms = scene.view.fromMs + (x / scene.width) * spanOf(scene.view);
  label(canvas, scene, { x, text: labelText(scene, ms), back: colors.tick, ink: colors.headInk });
}

function paintHead(canvas: Canvas, scene: Scene, ms: number): void {
  const { colors } = scene;
  const x = xOf(scene.view, scene.width, ms);
  if (x < -1 || x > scene.width + 1) return;
  line(canvas, x, { scene, color: colors.head, thick: 2 });
  label(canvas, scene, { x, text: labelText(scene, ms), back: colors.head, ink: colors.headInk });
}

/** The time; with its day when days are narrow. */
function labelText({ view, zone }: Scene, ms: number): string {
  const time = clockText(ms, zone);
  return spanOf(view) > 2 * DAY_MS ? `${tickLabel(ms, DAY_MS, zone)} ${time}` : time;
}

function line(
  canvas: Canvas,
  x: number,
  { scene, color, thick }: { scene: Scene; color: string; thick: number },
): void {
  if (x < 0 || x > scene.width) return;
  canvas.fillStyle = color;
  canvas.fillRect(Math.round(x) - thick / 2, LABELS, thick, scene.height - LABELS);
}

/** A label on the top row, kept inside on both sides; it hides the ticks under it. */
function label(
  canvas: Canvas,
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
