/** Pictures on buttons: paths in a square of 24, drawn with lines. The button's name is its `aria-label`. */

const paths = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  "frame-back": "M17 6l-8 6 8 6zM6 6v12",
  "frame-forward": "M7 6l8 6-8 6zM18 6v12",
  jump: "M4 6h16v14H4zM4 10h16M8 3v5M16 3v5",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6h.1M4.5 12h.1M4.5 18h.1",
  snapshot: "M4 8h4l2-3h4l2 3h4v11H4zM12 17a3.5 3.5 0 100-7 3.5 3.5 0 000 7z",
  export:
    "M6 9a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM6 20a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM8 8l12 9M8 16L20 7",
  share:
    "M10 14a4 4 0 005.7 0l3-3A4 4 0 0013 5.300l-1 1M14 10a4 4 0 00-5.700 0l-3 3A4 4 0 0011 18.700l1-1",
  stats: "M5 20v-8M12 20V4M19 20v-5",
  help: "M9 9a3 3 0 115 2.200c-1.300 1-2 1.500-2 2.800M12 18h.1",
  muted: "M4 9v6h4l5 4V5L8 9zM17 9l5 6M22 9l-5 6",
  sound: "M4 9v6h4l5 4V5L8 9zM16.500 9a4 4 0 010 6M19 6.500a8 8 0 010 11",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  previous: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  "zoom-in": "M12 5v14M5 12h14",
  "zoom-out": "M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
} as const;

export type IconName = keyof typeof paths;

/** Markup of one icon. */
export function icon(name: IconName): string {
  return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${paths[name]}"/></svg>`;
}
