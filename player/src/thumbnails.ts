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

/** After an answer that was an error the next question waits, ms: ever longer for a server that makes none. */
const AGAIN_MS = 5000;
const SELDOM_MS = 300_000;

interface Loaded {
  readonly span: Span;
  readonly sheet: ThumbnailSheet;
}

export class Thumbnails {
  readonly #load: (span: Span) => ReturnType<Api["thumbnails"]>;
  #sheets: Loaded[] = [];
  #loading = false;
  #stopped = false;
  /** Not asked again before this, ms. */
  #notBeforeMs = 0;
  #waitMs = AGAIN_MS;

  constructor(api: Api, stream: string) {
    this.#load = (span) => api.thumbnails(stream, span, { count: COUNT, width: WIDTH });
  }

  /** The picture for a time, if it is there; else it is asked for and will be there later. */
  at(ms: number, view: View, nowMs: number): Preview | undefined {
    const fits = ({ span }: Loaded) =>
      span.from <= ms && ms < span.to && span.to - span.from <= spanOf(view) * SCALE;
    const found = this.#sheets.findLast(fits);
    if (found === undefined) {
      if (nowMs >= this.#notBeforeMs)
        this.#ask({ from: Math.max(0, view.fromMs), to: Math.min(view.toMs, nowMs) }, nowMs);
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
    this.#stopped = true;
    for (const { sheet } of this.#sheets) URL.revokeObjectURL(sheet.url);
    this.#sheets = [];
  }

  #ask(span: Span, nowMs: number): void {
    if (this.#loading || this.#stopped || span.to <= span.from) return;
    this.#loading = true;
    this.#load(span)
      .then((sheet) => {
        this.#waitMs = AGAIN_MS;
        this.#keep({ span, sheet });
      })
      .catch(() => {
        this.#notBeforeMs = nowMs + this.#waitMs;
        this.#waitMs = Math.min(SELDOM_MS, 2 * this.#waitMs);
      })
      .finally(() => {
        this.#loading = false;
      });
  }

  #keep(loaded: Loaded): void {
    this.#sheets.push(loaded);
    if (this.#stopped || this.#sheets.length > MAX_SHEETS)
      URL.revokeObjectURL(this.#sheets.shift()?.sheet.url ?? "");
  }
}
