/**
 * All colours, once. In the elements they are custom properties `--streambank-…` with these defaults for dark and light: the
 * page overrides them on the element, `theme="dark|light"` overrides what the system asks for. Our own pages have them
 * from tokens.css, which is written from here.
 */
import type { TimelineColors } from "./timeline-paint.ts";

type Theme = Readonly<Record<string, string>>;

const dark: Theme = {
  page: "#0d1117",
  ink: "#e6edf3",
  quiet: "#a9b6c5",
  surface: "#141a22",
  control: "#1d2530",
  "control-hover": "#2a3544",
  edge: "#33404f",
  accent: "#6cc1ff",
  "accent-ink": "#06121e",
  warn: "#f2c879",
  "warn-surface": "#2a1f10",
  live: "#b3261e",
  track: "#222d3a",
  bar: "#3793dd",
  tick: "#a9b6c5",
  line: "rgba(255,255,255,.14)",
  now: "#ff6b63",
  future: "rgba(255,255,255,.03)",
  head: "#ffffff",
  "head-ink": "#0d1117",
  clip: "#f2c14b",
};

const light: Theme = {
  page: "#f3f5f8",
  ink: "#17202b",
  quiet: "#4b5a6b",
  surface: "#ffffff",
  control: "#eef2f6",
  "control-hover": "#dde5ed",
  edge: "#bcc8d4",
  accent: "#0b63b0",
  "accent-ink": "#ffffff",
  warn: "#7a5200",
  "warn-surface": "#fff4dc",
  live: "#b3261e",
  track: "#e2e8ef",
  bar: "#2f7fc4",
  tick: "#4b5a6b",
  line: "rgba(0,0,0,.13)",
  now: "#c4271d",
  future: "rgba(0,0,0,.03)",
  head: "#17202b",
  "head-ink": "#ffffff",
  clip: "#a86a00",
};

const declared = (theme: Theme) =>
  Object.entries(theme)
    .map(([name, value]) => `--_${name}: var(--streambank-${name}, ${value});`)
    .join("");

/** Goes in front of an element's own styles. */
export const themeStyles = `
:host { color-scheme: dark; ${declared(dark)} }
@media (prefers-color-scheme: light) { :host { color-scheme: light; ${declared(light)} } }
:host([theme="dark"]) { color-scheme: dark; ${declared(dark)} }
:host([theme="light"]) { color-scheme: light; ${declared(light)} }
`;

const listed = (theme: Theme, indent: string) =>
  Object.entries(theme)
    .map(([name, value]) => `${indent}--${name}: ${value};\n`)
    .join("");

/** player/tokens.css, for pages; `npm run fix` does not write it, theme.test.ts compares it. */
export const tokensCss = `/* Written from player/src/theme.ts: change the colours there. */
:root {
  color-scheme: dark light;
${listed(dark, "  ")}}

@media (prefers-color-scheme: light) {
  :root {
${listed(light, "    ")}  }
}
`;

/** The same colours for a canvas, which does not know custom properties. */
export function timelineColors(host: Element): TimelineColors {
  const style = getComputedStyle(host);
  const color = (name: string) => style.getPropertyValue(`--_${name}`).trim();
  return {
    track: color("track"),
    bar: color("bar"),
    tick: color("tick"),
    line: color("line"),
    now: color("now"),
    future: color("future"),
    head: color("head"),
    headInk: color("head-ink"),
    clip: color("clip"),
  };
}
