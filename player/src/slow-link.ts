/** Whether the network is too slow for the stream: the server left pictures out, or playback ran dry again and again. Pure. */

/** Pictures left out are said for so long, ms. */
const LOST_MS = 10_000;
/** So many stalls in so many ms are a slow network. */
const STALLS = 3;
const STALLS_MS = 20_000;

export class SlowLink {
  #lostAt = Number.NEGATIVE_INFINITY;
  #stalls: number[] = [];

  lost(nowMs: number): void {
    this.#lostAt = nowMs;
  }

  stalled(nowMs: number): void {
    this.#stalls = [...this.#stalls.slice(1 - STALLS), nowMs];
  }

  slow(nowMs: number): boolean {
    const recent = this.#stalls.filter((at) => nowMs - at < STALLS_MS);
    return nowMs - this.#lostAt < LOST_MS || recent.length >= STALLS;
  }
}
