/** So many at once, and so many more that wait: the rest is told to come again. */
import { Fault } from "../../base/errors.ts";

export interface PoolLimits {
  readonly running: number;
  readonly waiting: number;
}

export class Pool {
  readonly #limits: PoolLimits;
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #closed = false;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Runs it when its turn comes. Throws `request.busy`, `server.closing`, and what it throws. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn();
    try {
      if (this.#closed) throw closing();
      if (signal?.aborted) throw new Fault("ffmpeg.failed", "nobody waits for it any more");
      return await work();
    } finally {
      const next = this.#queue.shift();
      // The place is handed on, so that nobody slips in between.
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** What waits is refused; what runs is its owner's. */
  close(): void {
    this.#closed = true;
  }

  async #turn(): Promise<void> {
    if (this.#closed) throw closing();
    if (this.#running < this.#limits.running && this.#queue.length === 0) {
      this.#running++;
      return;
    }
    if (this.#queue.length >= this.#limits.waiting)
      throw new Fault("request.busy", "too many pictures are being made: try again in a moment");
    await new Promise<void>((resolve) => {
      this.#queue.push(resolve);
    });
  }
}

function closing(): Fault {
  return new Fault("server.closing", "the server is going down");
}
