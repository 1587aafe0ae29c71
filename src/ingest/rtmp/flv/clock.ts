/** RTMP's milliseconds made to go on past their wraps. Pure. */

const WRAP_24 = 2 ** 24;
/**
 * Encoders that never send extended timestamps wrap after 4 h 40 min: a step of 2^24 either way, give or take this. And
 * what goes back by more is no late message: the encoder has begun its clock anew.
 */
const NEAR_MS = 60_000;

/** What a message said, and what that was taken for. */
interface Mark {
  readonly timestamp: number;
  readonly total: number;
}

/**
 * 32 bits wrap after 49.7 days. Every time is taken as the nearest to the last one of its own track or of the other,
 * whichever is closer (the half-range rule, forwards and backwards): sound and picture may cross a wrap in any order,
 * and a track may be silent for weeks.
 */
export class RtmpClock {
  readonly #marks = new Map<"audio" | "video", Mark>();
  #newest = 0;

  /** Milliseconds since the first message of all. */
  next(track: "audio" | "video", timestamp: number): number {
    const own = this.#marks.get(track);
    const other = this.#marks.get(track === "audio" ? "video" : "audio");
    const first = own ?? other ?? { timestamp, total: 0 };
    const second = other ?? first;
    const [one, two] = [this.#step(first, timestamp), this.#step(second, timestamp)];
    const isFirst = Math.abs(one) <= Math.abs(two);
    const step = isFirst ? one : two;
    const total = step < -NEAR_MS ? this.#newest : (isFirst ? first : second).total + step;
    this.#marks.set(track, { timestamp, total });
    this.#newest = Math.max(this.#newest, total);
    return total;
  }

  #step(from: Mark, timestamp: number): number {
    const step = (timestamp - from.timestamp) | 0;
    // One of the two may have lost what does not fit in 24 bits; of an old mark nobody can say.
    const in24 = from.timestamp < WRAP_24 || timestamp < WRAP_24;
    if (!in24 || this.#newest - from.total > NEAR_MS) return step;
    const folded = step - Math.round(step / WRAP_24) * WRAP_24;
    return Math.abs(folded) < NEAR_MS ? folded : step;
  }
}
