/** How long a live frame will be shown: nobody knows before the next one comes, so it is estimated. */

const REMEMBERED = 8;
/** Frames until what is seen counts more than what is said. */
const ENOUGH = 4;
/** Before anything is known: 30 frames a second. */
const GUESS_US = 33_333;
const MIN_US = 1000;
const MAX_US = 10_000_000;

export class FrameDuration {
  readonly #said: number | undefined;
  readonly #perUs: number;
  /** Ticks between frames in order of presentation, the newest last. */
  readonly #seen: number[] = [];
  #median: number | undefined;

  /** `saidUs`: the track's own word (DefaultDuration). */
  constructor(timescale: number, saidUs?: number) {
    this.#perUs = timescale / 1e6;
    this.#said = saidUs === undefined ? undefined : saidUs * this.#perUs;
  }

  saw(ticks: number): void {
    if (ticks <= 0) return;
    if (this.#seen.push(ticks) > REMEMBERED) this.#seen.shift();
    const sorted = [...this.#seen].sort((a, b) => a - b);
    this.#median = sorted[sorted.length >> 1];
  }

  /** Ticks. What the track says holds unless the frames really come at another rate. */
  get estimate(): number {
    const seen = this.#seen.length >= ENOUGH || this.#said === undefined ? this.#median : undefined;
    const said = this.#said ?? seen ?? GUESS_US * this.#perUs;
    const wrong = seen !== undefined && (seen > said * 1.5 || seen < said / 2);
    const chosen = wrong ? seen : said;
    return Math.round(Math.min(MAX_US * this.#perUs, Math.max(MIN_US * this.#perUs, chosen)));
  }
}
