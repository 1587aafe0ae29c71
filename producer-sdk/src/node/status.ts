/** Cameras as lines for people: redrawn in place on a terminal, one line per change elsewhere. */
import { type Clock, isoTime } from "../../../src/base/clock.ts";
import type { CameraView } from "./camera.ts";

/** Where lines go: the part of a stream that is used. */
export interface Out {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const REDRAW_MS = 1000;
const REPEAT_MS = 10_000;

interface Seen {
  readonly atMs: number;
  readonly pictures: number;
  readonly bytes: number;
  readonly rates: Rates | undefined;
}

export interface Rates {
  readonly fps: number;
  readonly kbits: number;
}

/** Draws until stopped. */
export class Status {
  readonly #out: Out;
  readonly #clock: Clock;
  readonly #views: () => readonly CameraView[];
  readonly #seen = new Map<string, Seen>();
  #drawn = 0;
  #cancel = () => {};

  constructor({
    out,
    clock,
    views,
  }: { out: Out; clock: Clock; views: () => readonly CameraView[] }) {
    this.#out = out;
    this.#clock = clock;
    this.#views = views;
    this.#next();
  }

  /** A camera changed. */
  changed(view: CameraView): void {
    if (this.#out.isTTY) this.#draw();
    else this.#out.write(`${this.#line(view)}\n`);
  }

  stop(): void {
    this.#cancel();
    if (this.#out.isTTY) this.#draw();
  }

  #next(): void {
    const everyMs = this.#out.isTTY ? REDRAW_MS : REPEAT_MS;
    this.#cancel = this.#clock.after(everyMs, () => {
      this.#draw();
      this.#next();
    });
  }

  #draw(): void {
    const lines = this.#views().map((view) => this.#line(view));
    if (!this.#out.isTTY) {
      for (const line of lines) this.#out.write(`${line}\n`);
      return;
    }
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : "";
    this.#out.write(up + lines.map((line) => `\u001b[K${line}\n`).join(""));
    this.#drawn = lines.length;
  }

  #line(view: CameraView): string {
    const atMs = this.#clock.elapsed();
    const { stream, pictures, bytes } = view;
    const before = this.#seen.get(stream);
    const spanMs = atMs - (before?.atMs ?? atMs);
    // Over less than that a burst looks like a rate.
    if (before !== undefined && spanMs < REDRAW_MS) return statusLine(view, before.rates);
    const rates = before && {
      fps: ((pictures - before.pictures) * 1000) / spanMs,
      kbits: ((bytes - before.bytes) * 8) / spanMs,
    };
    this.#seen.set(stream, { atMs, pictures, bytes, rates });
    return statusLine(view, rates);
  }
}

/** One line. `rates` are left out while they are not known. */
export function statusLine(view: CameraView, rates: Rates | undefined): string {
  const { stream, state, reason, bufferedUs, persistedMs, lost, frames, notKept, note } = view;
  const over = state === "ended" || state === "failed";
  const parts = [
    reason === undefined ? state : `${state}: ${reason}`,
    ...(over || rates === undefined
      ? []
      : [`${rates.fps.toFixed(1)} fps`, `${rates.kbits.toFixed(0)} kbit/s`]),
    over ? `${frames} frames sent` : `${(bufferedUs / 1e6).toFixed(1)} s buffered`,
    `persisted ${persistedMs === undefined ? "nothing yet" : isoTime(persistedMs)}`,
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(notKept === undefined ? [] : [`not on disk: ${notKept}`]),
    ...(note === undefined ? [] : [note]),
  ];
  return `${stream}: ${parts.join(", ")}`;
}
