/**
 * Decode times that Media Source Extensions never take for a break: always forward, and no step over 1.9
 * times the duration last declared. At over twice that duration (MSE §3.5.8, coded frame processing)
 * Chrome drops every track's frames up to its next key frame.
 */

const MAX_STEPS = 1.9;

export class DecodeClock {
  #last: number | undefined;
  #declared = 0;

  /** The time nearest to `target` that is allowed. `jump`: any time is, the frame is a key frame. */
  next(target: number, jump: boolean): number {
    const last = this.#last;
    const wanted = Math.max(0, target);
    if (last === undefined || jump) {
      this.#last = wanted;
      return wanted;
    }
    const furthest = last + Math.max(1, Math.floor(this.#declared * MAX_STEPS));
    this.#last = Math.min(furthest, Math.max(last + 1, wanted));
    return this.#last;
  }

  /** What the frame that `next` was called for is said to last, in ticks. */
  declare(duration: number): void {
    this.#declared = duration;
  }
}
