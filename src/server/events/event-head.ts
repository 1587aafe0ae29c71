/**
 * The highest event id there is, for those who wait for more: hooks and readers of the event stream. Events of this process
 * wake it; those of other nodes are found by asking, once a second and only while somebody waits.
 */
import type { CancelTimer, Clock } from "../../base/clock.ts";
import type { EventIndex } from "./event-index.ts";

const POLL_MS = 1000;

export class EventHead {
  readonly #index: Pick<EventIndex, "lastEventId">;
  readonly #clock: Clock;
  #id = 0;
  #waiting = new Set<() => void>();
  #asking = false;
  #again = false;
  #timer: CancelTimer | undefined;

  constructor(index: Pick<EventIndex, "lastEventId">, clock: Clock) {
    this.#index = index;
    this.#clock = clock;
  }

  /** As last seen; 0 before the first look. */
  get id(): number {
    return this.#id;
  }

  /** There may be more. */
  wake(): void {
    if (this.#waiting.size > 0) void this.#ask();
  }

  /** Resolves when there are events after this one, or the signal aborts. Never rejects. */
  async after(id: number, signal: AbortSignal): Promise<void> {
    while (this.#id <= id && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#waiting.delete(done);
          signal.removeEventListener("abort", done);
          resolve();
        };
        this.#waiting.add(done);
        signal.addEventListener("abort", done, { once: true });
        this.wake();
      });
    }
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    this.#timer?.();
    do {
      this.#again = false;
      await this.#look();
    } while (this.#again);
    this.#asking = false;
    if (this.#waiting.size > 0) this.#timer = this.#clock.after(POLL_MS, () => this.wake());
  }

  async #look(): Promise<void> {
    // An index that does not answer is asked again at the next turn.
    const id = await this.#index.lastEventId().catch(() => this.#id);
    if (id <= this.#id) return;
    this.#id = id;
    for (const done of [...this.#waiting]) done();
  }
}
