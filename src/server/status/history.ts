/** How the server did over the last hours: one sample every ten seconds, in memory, the oldest one goes first. */
import type { CancelTimer, Clock } from "../../base/clock.ts";
import type { Meters } from "../../base/meters.ts";

/** Times are ms since the Unix epoch; what is a sum or a mean is of the seconds since the sample before. */
export interface ServerSample {
  readonly atMs: number;
  /** 1000 bit/s of media in whole fragments. */
  readonly kbits: number;
  /** From RECEIVED to PERSISTED, ms; missing when nothing was acked. */
  readonly ackMs?: number;
  readonly ackMaxMs?: number;
  readonly producers: number;
  readonly viewers: number;
  /** Of all streams; looked at once a minute. */
  readonly storedBytes: number;
  readonly freeBytes: number;
  /** Age of the oldest pack that is not in the object store yet; 0: all are. */
  readonly unarchivedMs: number;
}

/** What is looked at for each sample. */
export interface Looked
  extends Pick<ServerSample, "producers" | "viewers" | "freeBytes" | "unarchivedMs"> {}

export interface HistoryParts {
  readonly clock: Clock;
  look(): Promise<Looked>;
  /** Costs a question to the index for each stream. */
  storedBytes(): Promise<number>;
}

export const SAMPLE_MS = 10_000;
/** Three hours. */
export const MOST_SAMPLES = 1080;
const STORED_EVERY = 6;

export class History {
  readonly #parts: HistoryParts;
  #samples: ServerSample[] = [];
  #bytes = 0;
  #acks = { count: 0, sumMs: 0, maxMs: 0 };
  #lastMs: number;
  #storedBytes = 0;
  #round = 0;
  #cancel: CancelTimer = () => {};
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#lastMs = parts.clock.elapsed();
  }

  /** Counts what these are told, and tells them. */
  tapped<M extends Meters>(meters: M): M {
    return {
      ...meters,
      fragmentReceived: (stream, bytes, skewMs) => {
        this.#bytes += bytes;
        meters.fragmentReceived(stream, bytes, skewMs);
      },
      fragmentPersisted: (stream, ackMs) => {
        const { count, sumMs, maxMs } = this.#acks;
        this.#acks = {
          ...{ count: count + 1, sumMs: sumMs + ackMs },
          maxMs: Math.max(maxMs, ackMs),
        };
        meters.fragmentPersisted(stream, ackMs);
      },
    };
  }

  /** Begins with a sample at once. */
  start(): void {
    this.#running = this.#take();
  }

  /** Resolves when no sample is being taken any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  /** Those after `sinceMs`, oldest first. */
  since(sinceMs: number): readonly ServerSample[] {
    return this.#samples.filter(({ atMs }) => atMs > sinceMs);
  }

  async #take(): Promise<void> {
    const { clock } = this.#parts;
    // What cannot be looked at (an index that is away) leaves a hole: a made-up figure would be worse.
    const sample = await this.#sample().catch(() => undefined);
    if (this.#stopped) return;
    if (sample !== undefined) this.#samples = [...this.#samples, sample].slice(-MOST_SAMPLES);
    this.#cancel = clock.after(SAMPLE_MS, () => {
      this.#running = this.#take();
    });
  }

  async #sample(): Promise<ServerSample> {
    const { clock, look, storedBytes } = this.#parts;
    const nowMs = clock.elapsed();
    const spanMs = nowMs - this.#lastMs;
    const [bytes, acks] = [this.#bytes, this.#acks];
    this.#lastMs = nowMs;
    this.#bytes = 0;
    this.#acks = { count: 0, sumMs: 0, maxMs: 0 };
    // Also in the first minute, when nothing is known yet.
    const round = this.#round++;
    if (round < STORED_EVERY || round % STORED_EVERY === 0) this.#storedBytes = await storedBytes();
    const ackMs = acks.count === 0 ? {} : { ackMs: tenths(acks.sumMs / acks.count) };
    const ackMaxMs = acks.count === 0 ? {} : { ackMaxMs: tenths(acks.maxMs) };
    return {
      atMs: clock.now(),
      kbits: spanMs <= 0 ? 0 : Math.round((bytes * 8) / spanMs),
      ...{ ...ackMs, ...ackMaxMs, ...(await look()), storedBytes: this.#storedBytes },
    };
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
