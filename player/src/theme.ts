/**
 * The colours of both elements, as custom properties `--streambank-…` with defaults for dark and light. The page overrides
 * them on the element; `theme="dark|light"` overrides what the system asks for.
 */
import type { TimelineColors } from "./timeline-paint.ts";

type Theme = Readonly<Record<string, string>>;

const dark: Theme = {
  ink: "#e6edf3",
  quiet: "#a9b6c5",
  surface: "#141a22",
  control: "#1d2530",
  "control-hover": "#2a3544",
  edge: "#33404f",
  accent: "#6cc1ff",
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
  ink: "#17202b",
  quiet: "#4b5a6b",
  surface: "#ffffff",
  control: "#eef2f6",
  "control-hover": "#dde5ed",
  edge: "#bcc8d4",
  accent: "#0b63b0",
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
