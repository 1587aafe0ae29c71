/** From samples to lines and axes. Pure. */

export interface Point {
  readonly atMs: number;
  /** Undefined: nothing to say of that moment. */
  readonly value: number | undefined;
}

/** A round number that is not less than `max`: 1, 2, 2.5 or 5 times a power of ten. */
export function niceTop(max: number): number {
  if (!(max > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= max * (1 - 1e-9)) ?? 10;
  return step * power;
}

export interface Frame {
  readonly fromMs: number;
  readonly toMs: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Samples further apart than this are not joined: nobody looked in between. */
export const HOLE_MS = 35_000;

export function place({ atMs, value = 0 }: Point, frame: Frame): readonly [x: number, y: number] {
  const { fromMs, toMs, top, width, height } = frame;
  const x = ((atMs - fromMs) / Math.max(1, toMs - fromMs)) * width;
  return [x, height - (Math.min(value, top) / top) * height];
}

/** The line of an SVG path; a hole in the samples is a hole in it. Empty without samples. */
export function linePath(points: readonly Point[], frame: Frame): string {
  let path = "";
  let last: number | undefined;
  for (const point of points) {
    if (point.value === undefined) {
      last = undefined;
      continue;
    }
    const [x, y] = place(point, frame).map((one) => one.toFixed(1));
    const joined = last !== undefined && point.atMs - last <= HOLE_MS;
    // A lone sample is a dot: the stroke's round ends show it.
    path += joined ? `L${x} ${y}` : `M${x} ${y}h0`;
    last = point.atMs;
  }
  return path;
}

/** Whole marks of time in a range, at most `most`: every 1, 5, 10, 15, 30 or 60 minutes. */
export function timeMarks(fromMs: number, toMs: number, most = 6): number[] {
  const minutes = [1, 2, 5, 10, 15, 30, 60].find((one) => (toMs - fromMs) / (one * 60_000) <= most);
  const step = (minutes ?? 60) * 60_000;
  const marks: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) marks.push(at);
  return marks;
}

/** The sample nearest to a moment that has a value. */
export function nearest(points: readonly Point[], atMs: number): Point | undefined {
  let best: Point | undefined;
  for (const point of points) {
    if (point.value === undefined) continue;
    if (best === undefined || Math.abs(point.atMs - atMs) < Math.abs(best.atMs - atMs))
      best = point;
  }
  return best;
}
