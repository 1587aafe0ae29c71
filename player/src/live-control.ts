/** Keeps a playhead at the live edge, and knows when it cannot: how often it ran dry, and whether the network is too slow. */
import type { Clock } from "../../src/base/clock.ts";
import { LiveEdge } from "./live-edge.ts";
import type { Playhead } from "./playhead.ts";
import { SlowLink } from "./slow-link.ts";

export class LiveControl {
  readonly #head: Playhead;
  readonly #clock: Clock;
  readonly #link = new SlowLink();
  #edge = new LiveEdge(false);
  #hasAudio = false;

  constructor(head: Playhead, clock: Clock) {
    this.#head = head;
    this.#clock = clock;
  }

  get marginS(): number {
    return this.#edge.marginS;
  }

  get troughS(): number | undefined {
    return this.#edge.troughS;
  }

  /** Pictures are left out, or playback stops again and again. */
  get slow(): boolean {
    return this.#link.slow(this.#clock.elapsed());
  }

  /** Sound needs a larger margin. */
  begin(hasAudio: boolean): void {
    if (hasAudio !== this.#hasAudio) this.#edge = new LiveEdge(hasAudio);
    this.#hasAudio = hasAudio;
  }

  /** Just before an append. */
  sample(): void {
    const ahead = this.#head.pipe.aheadS;
    if (ahead !== undefined && this.#head.pictureAgeMs !== undefined)
      this.#edge.sample(this.#clock.elapsed(), ahead);
  }

  /** The playhead was put somewhere else. */
  moved(): void {
    this.#edge.moved();
  }

  lost(): void {
    this.#link.lost(this.#clock.elapsed());
  }

  stalled(): void {
    this.#edge.stalled(this.#clock.elapsed());
    this.#link.stalled(this.#clock.elapsed());
  }

  steer(): void {
    const { video } = this.#head;
    const action = this.#edge.decide(this.#clock.elapsed());
    if (action.kind === "rate") {
      if (video.playbackRate !== action.rate) video.playbackRate = action.rate;
    } else if (this.#head.toEnd(action.beforeEndS)) {
      video.playbackRate = 1;
      this.#edge.moved();
    }
  }
}
