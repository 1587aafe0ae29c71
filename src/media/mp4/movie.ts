/**
 * The head of a plain MP4: `ftyp` and `moov` with full sample tables, and the header of the one `mdat` behind them
 * (ISO/IEC 14496-12 §4.3, §8.2). All headers are version 1: a clip with gaps may last a day.
 */
import { ascii, box, fullBox, setUint64, u16, u32, u64, zeros } from "../fmp4/box.ts";
import { ENABLED_IN_MOVIE, FULL_VOLUME, IDENTITY, languageCode, mediaBox } from "../fmp4/init.ts";
import { displaySize } from "../fmp4/sample-entry.ts";
import type { Track } from "../track.ts";
import { sampleTables, type TableContent } from "./sample-tables.ts";

/** Movie time, ticks per second: of durations and empty edits. */
const MOVIE_TIMESCALE = 1_000_000;
const MDAT_BYTES = 16;
const UINT32 = 2 ** 32;
/** `media_time` of an edit that shows nothing (§8.6.6). */
const EMPTY = u32(UINT32 - 1, UINT32 - 1);

export interface MovieTrack {
  readonly track: Track;
  /** track_ID, from 1. */
  readonly id: number;
  /** Ticks per second. */
  readonly timescale: number;
  readonly tables: TableContent;
  /** Sum of all samples' durations, ticks. */
  readonly mediaTicks: number;
  /** Nothing is shown for so many ticks at first; then media from `startTicks` on, for `shownTicks`. */
  readonly emptyTicks: number;
  readonly startTicks: number;
  readonly shownTicks: number;
}

/** Everything before the media. `mediaBytes`: how much of it follows. */
export function movieHead(tracks: readonly MovieTrack[], mediaBytes: number): Uint8Array {
  const ftyp = box("ftyp", ascii("isom\0\0\x02\0isomiso2iso6mp41"));
  const size = (wide: boolean) =>
    ftyp.length + moov(tracks, { mediaAt: 0, wide }).length + MDAT_BYTES;
  const wide = size(false) + mediaBytes >= UINT32;
  const mediaAt = size(wide);
  const out = new Uint8Array(mediaAt);
  out.set(ftyp);
  out.set(moov(tracks, { mediaAt, wide }), ftyp.length);
  // With a 64-bit size: one form whatever the payload.
  out.set([0, 0, 0, 1, ...ascii("mdat")], mediaAt - MDAT_BYTES);
  setUint64(new DataView(out.buffer), mediaAt - 8, mediaBytes + MDAT_BYTES);
  return out;
}

type Place = Parameters<typeof sampleTables>[1];

function moov(tracks: readonly MovieTrack[], place: Place): Uint8Array {
  const nextId = Math.max(0, ...tracks.map(({ id }) => id)) + 1;
  const duration = Math.max(0, ...tracks.map(durationOf));
  const mvhd = fullBox(
    "mvhd",
    { version: 1 },
    ...[u64(0), u64(0), u32(MOVIE_TIMESCALE), u64(duration), u32(0x10000)],
    ...[u16(FULL_VOLUME), zeros(10), IDENTITY, zeros(24), u32(nextId)],
  );
  return box("moov", mvhd, ...tracks.map((track) => trak(track, place)));
}

function trak(movie: MovieTrack, place: Place): Uint8Array {
  const { track, id, timescale, mediaTicks, tables } = movie;
  const audio = track.type === "audio";
  const { width, height } = audio ? { width: 0, height: 0 } : displaySize(track);
  const tkhd = fullBox(
    "tkhd",
    { version: 1, flags: ENABLED_IN_MOVIE },
    ...[u64(0), u64(0), u32(id, 0), u64(durationOf(movie)), zeros(8)],
    ...[u16(0, 0, audio ? FULL_VOLUME : 0, 0), IDENTITY, u32(width * 0x10000, height * 0x10000)],
  );
  const language = u16(languageCode(track.language), 0);
  const times = [u64(0), u64(0), u32(timescale), u64(mediaTicks)];
  const mdhd = fullBox("mdhd", { version: 1 }, ...times, language);
  return box("trak", tkhd, edits(movie), mediaBox(track, mdhd, sampleTables(tables, place)));
}

/** Left out where media is simply shown from its start to its end (§8.6.6). */
function edits(movie: MovieTrack): Uint8Array {
  const { emptyTicks, startTicks, shownTicks, mediaTicks } = movie;
  if (emptyTicks === 0 && startTicks === 0 && shownTicks === mediaTicks) return zeros(0);
  const rate = u32(0x10000);
  const empty = emptyTicks === 0 ? [] : [u64(movieTime(emptyTicks, movie)), EMPTY, rate];
  const shown = [u64(movieTime(shownTicks, movie)), u64(startTicks), rate];
  const count = u32(empty.length === 0 ? 1 : 2);
  return box("edts", fullBox("elst", { version: 1 }, count, ...empty, ...shown));
}

function durationOf(movie: MovieTrack): number {
  return movieTime(movie.emptyTicks, movie) + movieTime(movie.shownTicks, movie);
}

function movieTime(ticks: number, { timescale }: MovieTrack): number {
  return Math.round((ticks * MOVIE_TIMESCALE) / timescale);
}
