/**
 * One track of a plain MP4 clip while its fragments are looked through: gathers samples, then says what its tables and its
 * edit list are. Holds numbers, no media.
 */
import { Fault } from "../../base/errors.ts";
import { g711SampleBytes } from "../../media/codec/pcm.ts";
import type { FragmentTrack } from "../../media/fmp4/clip-fragment.ts";
import type { Mp4Track } from "../../media/fmp4/mp4-track.ts";
import { type FragmentSpan, sampleTimes } from "../../media/fmp4/sample-times.ts";
import type { MovieTrack } from "../../media/mp4/movie.ts";
import { type Chunk, runs } from "../../media/mp4/sample-tables.ts";

/** Ticks of video: whole for ms and for 25 and 30 frames a second; a day of them fits in the 32 bits of a duration. */
const VIDEO_TIMESCALE = 45_000;
const UINT32 = 2 ** 32;

/** The track in a plain MP4's ticks. */
export function plainTrack(media: Mp4Track): Mp4Track {
  if (media.track.type === "audio") return media;
  const reorderTicks = Math.round((media.reorderTicks * VIDEO_TIMESCALE) / media.timescale);
  return { ...media, timescale: VIDEO_TIMESCALE, reorderTicks };
}

export class PlainTrack {
  readonly media: Mp4Track;
  /** Bytes of one of the samples that MP4 counts in G.711 (each of a channel's values is one); undefined: packets are. */
  readonly #unit: number | undefined;
  readonly #chunks: Chunk[] = [];
  /** Of every frame, ticks; presentation times are `reorderTicks` later than true. */
  readonly #decoded: number[] = [];
  readonly #shown: number[] = [];
  readonly #sizes: number[] = [];
  readonly #keys: number[] = [];
  #end = 0;

  constructor(media: Mp4Track) {
    this.media = media;
    this.#unit = g711SampleBytes(media.track);
  }

  get empty(): boolean {
    return this.#sizes.length === 0;
  }

  /** The frames of the next fragment, whose payload lies `at` bytes into the media. Returns how long it is. */
  add({ frames, entry = 1 }: FragmentTrack, span: FragmentSpan, at: number): number {
    if (frames.length === 0) return 0;
    const { start, durations, offsets } = sampleTimes(this.media, frames, span);
    let [time, bytes] = [start, 0];
    for (const [i, frame] of frames.entries()) {
      if (frame.key) this.#keys.push(this.#sizes.length + 1);
      this.#decoded.push(time);
      this.#shown.push(time + (offsets[i] ?? 0));
      this.#sizes.push(frame.payload.length);
      time += durations[i] ?? 0;
      bytes += frame.payload.length;
    }
    this.#end = Math.max(this.#end, time);
    const unit = this.#unit;
    if (unit !== undefined && frames.some(({ payload }) => payload.length % unit !== 0))
      throw new Fault("codec.bad-payload", "a G.711 packet with a part of a sample");
    const samples = unit === undefined ? frames.length : bytes / unit;
    if (samples > 0) this.#chunks.push({ at, samples, entry });
    return bytes;
  }

  /** Throws `request.too-large` when a gap is too long for MP4. */
  movie(): MovieTrack {
    const { media } = this;
    const { track, id, timescale, reorderTicks, delayTicks } = media;
    const decoded = pressed(this.#decoded);
    const origin = decoded[0] ?? 0;
    // What reorders nothing needs no offsets at all.
    const spare = this.#shown.reduce(
      (least, t, i) => Math.min(least, t - (decoded[i] ?? 0)),
      Infinity,
    );
    const offsets = this.#shown.map((shown, i) => shown - spare - (decoded[i] ?? 0));
    const firstShown = this.#shown.reduce((least, t) => Math.min(least, t), Infinity);
    const lastShown = this.#shown.reduce((most, t) => Math.max(most, t), 0);
    const durations = decoded.map(
      (time, i) => (decoded[i + 1] ?? Math.max(this.#end, time + 1)) - time,
    );
    if (durations.some((ticks) => ticks >= UINT32))
      throw new Fault("request.too-large", "a gap too long for one MP4: ask for a shorter range");
    const end = Math.max(this.#end + reorderTicks, lastShown + 1);
    const place = firstShown - reorderTicks - delayTicks;
    const startTicks = firstShown - spare - origin + Math.max(0, -place);
    return {
      ...{ track, id, timescale, startTicks },
      tables: {
        entries: media.entries,
        durations: this.#durationRuns(durations),
        offsets: offsets.some((offset) => offset !== 0) ? offsets : [],
        sizes: this.#tableSizes(),
        sync: this.#keys.length === this.#sizes.length ? undefined : this.#keys,
        chunks: this.#chunks,
      },
      mediaTicks: durations.reduce((sum, ticks) => sum + ticks, 0),
      emptyTicks: Math.max(0, place),
      shownTicks: Math.max(0, end - spare - origin - startTicks),
    };
  }

  #tableSizes(): MovieTrack["tables"]["sizes"] {
    if (this.#unit === undefined) return this.#sizes;
    const bytes = this.#sizes.reduce((sum, size) => sum + size, 0);
    return { each: this.#unit, count: bytes / this.#unit };
  }

  /** G.711: every value lasts a tick, the last of a packet until the next packet. */
  #durationRuns(durations: readonly number[]): (readonly [number, number])[] {
    const unit = this.#unit;
    if (unit === undefined) return runs(durations);
    const out: [number, number][] = [];
    const add = (count: number, ticks: number) => {
      const last = out.at(-1);
      if (last?.[1] === ticks) last[0] += count;
      else if (count > 0) out.push([count, ticks]);
    };
    for (const [i, ticks] of durations.entries()) {
      const count = (this.#sizes[i] ?? 0) / unit;
      if (count === 0) continue;
      add(count - 1, 1);
      add(1, Math.max(0, ticks - count + 1));
    }
    return out;
  }
}

/**
 * Decode times that never go back: where sessions overlap those of the earlier are moved in front of the later, at most a
 * tick apart. What is shown when stays.
 */
function pressed(times: readonly number[]): number[] {
  const out = [...times];
  for (let i = out.length - 2; i >= 0; i--)
    if ((out[i] ?? 0) > (out[i + 1] ?? 0)) out[i] = Math.max(0, (out[i + 1] ?? 0) - 1);
  return out;
}
