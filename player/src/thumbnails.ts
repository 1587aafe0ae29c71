/** Small pictures for the time under the pointer, from the server's sheets; none when the server makes none. */
import type { Api, ThumbnailSheet } from "./api.ts";
import type { Span } from "./coverage-types.ts";
import type { Preview } from "./streambank-timeline.ts";
import { spanOf, type View } from "./timeline-model.ts";

const COUNT = 40;
const WIDTH = 160;
/** A sheet is used as long as the view is at most so many times smaller than what it was made for. */
const SCALE = 3;
/** Sheets kept; the oldest goes. */
const MAX_SHEETS = 6;

interface Loaded {
  readonly span: Span;
  readonly sheet: ThumbnailSheet;
}

export class Thumbnails {
  readonly #load: (span: Span) => ReturnType<Api["thumbnails"]>;
  #sheets: Loaded[] = [];
  #loading = false;
  #absent = false;

  constructor(api: Api, stream: string) {
    this.#load = (span) => api.thumbnails(stream, span, { count: COUNT, width: WIDTH });
  }

  /** The picture for a time, if it is there; else it is asked for and will be there later. */
  at(ms: number, view: View, nowMs: number): Preview | undefined {
    const fits = ({ span }: Loaded) =>
      span.from <= ms && ms < span.to && span.to - span.from <= spanOf(view) * SCALE;
    const found = this.#sheets.findLast(fits);
    if (found === undefined) {
      this.#ask({ from: Math.max(0, view.fromMs), to: Math.min(view.toMs, nowMs) });
      return undefined;
    }
    const { sheet } = found;
    const [first, ...others] = sheet.tiles;
    if (first === undefined) return undefined;
    const distance = (tile: typeof first) => Math.abs(tile.timeMs - ms);
    const tile = others.reduce(
      (near, next) => (distance(next) < distance(near) ? next : near),
      first,
    );
    return {
      url: sheet.url,
      x: tile.x,
      y: tile.y,
      width: sheet.tileWidth,
      height: sheet.tileHeight,
    };
  }

  stop(): void {
    this.#absent = true;
    for (const { sheet } of this.#sheets) URL.revokeObjectURL(sheet.url);
    this.#sheets = [];
  }

  #ask(span: Span): void {
    if (this.#loading || this.#absent || span.to <= span.from) return;
    this.#loading = true;
    this.#load(span)
      .then((sheet) => {
        // Asked once: a server without them is not asked again.
        if (sheet === undefined) this.#absent = true;
        else this.#keep({ span, sheet });
      })
      .catch(() => {})
      .finally(() => {
        this.#loading = false;
      });
  }

  #keep(loaded: Loaded): void {
    this.#sheets.push(loaded);
    if (this.#absent || this.#sheets.length > MAX_SHEETS)
      URL.revokeObjectURL(this.#sheets.shift()?.sheet.url ?? "");
  }
}
