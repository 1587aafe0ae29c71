/**
 * Times of live samples, one at a time, in ticks from media time 0: what comes next is not known, nothing is
 * held back, nothing said can be taken back.
 *
 * Video decode times are the presentation times in rising order, delayed by as many frames as the stream
 * reorders, so they stay by the pictures for ever. Audio times follow the samples.
 */
import { DecodeClock } from "./decode-clock.ts";
import { FrameDuration } from "./frame-duration.ts";

export interface SampleTime {
  readonly decode: number;
  readonly duration: number;
  /** Presentation less decode time. */
  readonly offset: number;
}

export interface LiveSample {
  /** Presentation time, ticks. */
  readonly shown: number;
  /** Ticks, when known. */
  readonly duration: number | undefined;
  readonly key: boolean;
}

export interface LiveTimes {
  next(sample: LiveSample): SampleTime;
}

export interface LiveTimesOptions {
  readonly timescale: number;
  /** The track's DefaultDuration, µs. */
  readonly frameUs?: number;
  /** Video frames that may wait for a later one, when the stream says. */
  readonly reorder?: number;
}

/** H.264 and HEVC allow no more. */
const MAX_REORDER = 16;
/** Farther apart than this, a key frame puts decode time where it belongs at once. */
const JUMP_US = 1_000_000;
/** Audio times off by less than this are rounding, not gaps. */
const SNAP_US = 2000;

export class VideoTimes implements LiveTimes {
  readonly #clock = new DecodeClock();
  readonly #rate: FrameDuration;
  readonly #jump: number;
  #reorder: number;
  /** The newest presentation times in order, `#reorder` + 1 of them. The first is the decode time aimed at. */
  #window: number[] = [];
  #target = 0;

  constructor({ timescale, frameUs, reorder = 0 }: LiveTimesOptions) {
    this.#rate = new FrameDuration(timescale, frameUs);
    this.#jump = (JUMP_US / 1e6) * timescale;
    this.#reorder = Math.min(MAX_REORDER, reorder);
  }

  next({ shown, duration, key }: LiveSample): SampleTime {
    const far = Math.abs(shown - (this.#window.at(-1) ?? shown)) > this.#jump;
    if (this.#window.length === 0 || (key && far)) this.#restart(shown);
    else this.#advance(shown);
    const wanted = this.#clock.next(this.#target, key && far);
    const lag = Math.abs(wanted - this.#target);
    // Decode time that fell behind in a long pause: a key frame is where it may jump.
    const decode = key && lag > this.#jump ? this.#clock.next(this.#target, true) : wanted;
    const lasts = duration ?? this.#rate.estimate;
    this.#clock.declare(lasts);
    return { decode, duration: lasts, offset: shown - decode };
  }

  /** As if frames had come at the usual rate up to this one. */
  #restart(shown: number): void {
    const step = this.#rate.estimate;
    this.#window = Array.from(
      { length: this.#reorder + 1 },
      (_, i) => shown - (this.#reorder - i) * step,
    );
    this.#target = this.#window[0] ?? shown;
  }

  #advance(shown: number): void {
    const window = this.#window;
    let at = window.length;
    while (at > 0 && (window[at - 1] as number) > shown) at--;
    window.splice(at, 0, shown);
    // Earlier than all that was remembered: the stream reorders more than it said.
    if (at === 0 && this.#reorder < MAX_REORDER) this.#reorder++;
    while (window.length > this.#reorder + 1) window.shift();
    const target = window[0] ?? shown;
    this.#rate.saw(target - this.#target);
    this.#target = target;
  }
}

export class AudioTimes implements LiveTimes {
  readonly #clock = new DecodeClock();
  readonly #rate: FrameDuration;
  readonly #snap: number;
  /** Where the last packet ends. */
  #end: number | undefined;
  #last = 0;

  constructor({ timescale, frameUs }: LiveTimesOptions) {
    this.#rate = new FrameDuration(timescale, frameUs);
    this.#snap = (SNAP_US / 1e6) * timescale;
  }

  next({ shown, duration }: LiveSample): SampleTime {
    const end = this.#end;
    const start = end !== undefined && Math.abs(shown - end) < this.#snap ? end : shown;
    if (end !== undefined && duration === undefined) this.#rate.saw(start - this.#last);
    const lasts = duration ?? this.#rate.estimate;
    const decode = this.#clock.next(start, false);
    this.#clock.declare(lasts);
    this.#last = start;
    this.#end = start + lasts;
    return { decode, duration: lasts, offset: start - decode };
  }
}
