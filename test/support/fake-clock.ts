/** A clock that moves only when told; timers fire in order as it passes them. */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { type Millis, millis } from "../../src/base/units.ts";

interface Timer {
  at: number;
  run: () => void;
}

export class FakeClock implements Clock {
  #ms: number;
  #timers: Timer[] = [];
  constructor(startMs = 1_700_000_000_000) {
    this.#ms = startMs;
  }
  now(): Millis {
    return millis(Math.trunc(this.#ms));
  }
  elapsed(): number {
    return this.#ms;
  }
  after(ms: number, run: () => void): CancelTimer {
    const timer = { at: this.#ms + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }
  get pendingTimers(): number {
    return this.#timers.length;
  }
  advance(ms: number): void {
    const end = this.#ms + ms;
    for (;;) {
      const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.#ms = Math.max(this.#ms, due.at);
      due.run();
    }
    this.#ms = end;
  }
}
