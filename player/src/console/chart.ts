/** A small line chart in SVG: a value over the last hours, its newest in words, any moment with the pointer or the arrow keys. */

import {
  type Frame,
  linePath,
  nearest,
  niceTop,
  type Point,
  place,
  timeMarks,
} from "./chart-scale.ts";
import { h } from "./dom.ts";
import { hourMinute, wholeTime } from "./times.ts";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [360, 96];
/** Above and below the lines, for their thickness. */
const [BOTTOM, TOP] = [6, 6];
const STEP = 6;
/** A chart of a server that has just begun is not stretched over the whole width. */
const SHORTEST_MS = 600_000;

export interface Series {
  readonly label: string;
  readonly points: readonly Point[];
}

export interface Chart {
  readonly element: HTMLElement;
  /** The first series is what is read out. */
  update(series: readonly Series[]): void;
}

export interface ChartOptions {
  readonly title: string;
  readonly about: string;
  /** A value for people. */
  words(value: number): string;
}

export function chart({ title, about, words }: ChartOptions): Chart {
  const svg = svgElement("svg", {
    ...{ viewBox: `0 0 ${WIDTH} ${HEIGHT + BOTTOM + TOP}`, preserveAspectRatio: "none" },
    ...{ "aria-hidden": "true" },
  });
  const newest = h("p.newest", {});
  const top = h("span.chart-top", { "aria-hidden": "true" });
  const read = h("p.read", { "aria-live": "polite" });
  const plot = h("div.plot", {
    ...{ tabindex: 0, role: "slider", "aria-label": `${title}, over time` },
    ...{ "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0 },
  });
  plot.append(svg, top);
  const marks = h("div.marks", { "aria-hidden": "true" });
  const element = h(
    "figure.chart",
    {},
    h("figcaption", {}, title),
    newest,
    plot,
    marks,
    read,
    h("p.hint", {}, about),
  );
  let points: readonly Point[] = [];
  let frame: Frame = { fromMs: 0, toMs: 1, top: 1, width: WIDTH, height: HEIGHT };
  let chosen: number | undefined;

  const show = (at: number | undefined) => {
    chosen = at;
    svg.querySelector(".pick")?.remove();
    const point = at === undefined ? undefined : points[at];
    if (point?.value === undefined) {
      read.textContent = "";
      return;
    }
    const text = `${wholeTime(point.atMs)}: ${words(point.value)}`;
    read.textContent = text;
    plot.setAttribute("aria-valuenow", String(at));
    plot.setAttribute("aria-valuetext", text);
    const [x, y] = place(point, frame);
    svg.append(svgElement("circle", { class: "pick", cx: x, cy: y + TOP, r: 4 }));
  };
  plot.addEventListener("pointermove", (event) => {
    const { left, width } = plot.getBoundingClientRect();
    const ms = frame.fromMs + ((event.clientX - left) / width) * (frame.toMs - frame.fromMs);
    const found = nearest(points, ms);
    show(found === undefined ? undefined : points.indexOf(found));
  });
  plot.addEventListener("pointerleave", () => show(undefined));
  plot.addEventListener("keydown", (event) => {
    const at = moved(event.key, chosen ?? points.length - 1, points.length);
    if (at === undefined) return;
    event.preventDefault();
    show(at);
  });
  plot.addEventListener("blur", () => show(undefined));

  return {
    element,
    update(series) {
      points = series[0]?.points ?? [];
      frame = frameOf(series);
      const last = points.findLast(({ value }) => value !== undefined);
      newest.textContent = last?.value === undefined ? "No figure yet" : words(last.value);
      const isFlat = points.every(({ value = 0 }) => value === 0);
      top.textContent = isFlat ? "" : words(frame.top);
      plot.setAttribute("aria-valuemax", String(Math.max(0, points.length - 1)));
      plot.setAttribute("aria-valuetext", newest.textContent);
      marks.replaceChildren(...markNodes(frame));
      svg.replaceChildren(...lines(series, frame));
      show(chosen);
    },
  };
}

function moved(key: string, at: number, count: number): number | undefined {
  if (count === 0) return undefined;
  const wanted: Record<string, number> = {
    ...{ ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - STEP, PageDown: at + STEP },
    ...{ Home: 0, End: count - 1 },
  };
  const next = wanted[key];
  return next === undefined ? undefined : Math.max(0, Math.min(count - 1, next));
}

function frameOf(series: readonly Series[]): Frame {
  const all = series.flatMap(({ points }) => points);
  const times = all.map(({ atMs }) => atMs);
  const values = all.map(({ value = 0 }) => value);
  const fromMs = times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const toMs = times.reduce((a, b) => Math.max(a, b), 0);
  const top = niceTop(values.reduce((a, b) => Math.max(a, b), 0));
  return { fromMs: Math.min(fromMs, toMs - SHORTEST_MS), toMs, top, width: WIDTH, height: HEIGHT };
}

function lines(series: readonly Series[], frame: Frame): SVGElement[] {
  const base = HEIGHT + TOP;
  const grid = [0, 0.5, 1].map((part) => {
    const y = TOP + part * HEIGHT;
    return svgElement("line", { class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y });
  });
  const axis = svgElement("line", { class: "axis", x1: 0, x2: WIDTH, y1: base, y2: base });
  const paths = series.map(({ points }, at) =>
    svgElement("path", {
      ...{ class: `line line-${at}`, d: linePath(points, frame) },
      transform: `translate(0 ${TOP})`,
    }),
  );
  return [...grid, axis, ...paths.reverse()];
}

function markNodes(frame: Frame): HTMLElement[] {
  const { fromMs, toMs } = frame;
  return timeMarks(fromMs, toMs, 5).map((at) => {
    const share = ((at - fromMs) / Math.max(1, toMs - fromMs)) * 100;
    const mark = h("span", {}, hourMinute(at));
    mark.style.left = `${share.toFixed(1)}%`;
    return mark;
  });
}

function svgElement(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
