/** One progress line on a terminal; nothing at all elsewhere. */
import type { Clock } from "../../base/clock.ts";

/** Redraw at most this often, in milliseconds. */
const REDRAW_MS = 100;

export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #clock: Clock;
  readonly #total: number | undefined;
  readonly #started: number;
  #drawn = Number.NEGATIVE_INFINITY;

  /** `total` in bytes, when it is known. */
  constructor({ out, clock, total }: { out: NodeJS.WriteStream; clock: Clock; total?: number }) {
    this.#out = out;
    this.#clock = clock;
    this.#total = total;
    this.#started = clock.elapsed();
  }

  /** `done` in bytes; `note` is shown behind the figures. */
  show(done: number, note = ""): void {
    if (!this.#out.isTTY || this.#clock.elapsed() - this.#drawn < REDRAW_MS) return;
    this.#drawn = this.#clock.elapsed();
    this.#out.write(`\r\u001b[K${this.#line(done)} ${note}`);
  }

  /** Ends the line so that what follows starts on its own. */
  end(): void {
    if (this.#out.isTTY) this.#out.write("\r\u001b[K");
  }

  #line(done: number): string {
    const seconds = Math.max(0.001, (this.#clock.elapsed() - this.#started) / 1000);
    const rate = `${(done / 1e6 / seconds).toFixed(1)} MB/s`;
    if (this.#total === undefined) return `${(done / 1e6).toFixed(1)} MB  ${rate}`;
    const part = this.#total === 0 ? 1 : done / this.#total;
    const filled = Math.round(part * 24);
    const bar = `${"█".repeat(filled)}${"░".repeat(24 - filled)}`;
    return `${bar} ${(part * 100).toFixed(0)} %  ${(done / 1e6).toFixed(1)} MB  ${rate}`;
  }
}
