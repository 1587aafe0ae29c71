/** Tells when the page has been hidden for a while, and when it is seen again. Browser only. */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";

/** Somebody who looks elsewhere for less than this finds everything as it was, ms. */
const HIDDEN_MS = 10_000;

export class HiddenTab {
  readonly #clock: Clock;
  readonly #sleep: () => boolean;
  readonly #wake: () => void;
  #asleep = false;
  #cancel: CancelTimer = () => {};

  /** `sleep`: false when nothing is to be stopped; then `wake` is not called. */
  constructor(clock: Clock, { sleep, wake }: { sleep: () => boolean; wake: () => void }) {
    this.#clock = clock;
    this.#sleep = sleep;
    this.#wake = wake;
    document.addEventListener("visibilitychange", this.#changed);
  }

  stop(): void {
    this.#cancel();
    document.removeEventListener("visibilitychange", this.#changed);
  }

  readonly #changed = (): void => {
    this.#cancel();
    const slept = this.#asleep;
    this.#asleep = false;
    if (!document.hidden) {
      if (slept) this.#wake();
      return;
    }
    this.#cancel = this.#clock.after(HIDDEN_MS, () => {
      this.#asleep = this.#sleep();
    });
  };
}
