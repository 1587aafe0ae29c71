/** A fake clock whose wall time can be set without the monotonic one: what NTP, a dead battery and sleep do. */
import { type Millis, millis } from "../../src/base/units.ts";
import { FakeClock } from "./fake-clock.ts";

export class SkewClock extends FakeClock {
  #skewMs = 0;

  override now(): Millis {
    return millis(super.now() + this.#skewMs);
  }

  /** The wall clock jumps by so much. */
  jump(ms: number): void {
    this.#skewMs += ms;
  }

  /** The wall clock jumps to this time. */
  set(ms: number): void {
    this.#skewMs += ms - this.now();
  }
}
