/**
 * The initialization segment of a fragmented MP4: `ftyp` and `moov` (ISO/IEC 14496-12 §4.3, §8.2, §8.8).
 *
 * Knows tracks and sample entries, no samples. A live one has no duration anywhere: with one, Chrome leaves
 * its low-delay mode and shows frames some 100 ms later. A clip has one, and edit lists.
 */

import type { Track } from "../track.ts";
import { ascii, box, fullBox, u16, u32, u64, zeros } from "./box.ts";
import type { Mp4Track } from "./mp4-track.ts";
import { displaySize } from "./sample-entry.ts";

export interface InitOptions {
  readonly tracks: readonly Mp4Track[];
  /** Milliseconds; makes it a clip. The segment's size does not depend on the number. */
  readonly durationMs?: number;
  /** Edit lists without a duration: for segments whose media time includes the tracks' shift. */
  readonly edits?: boolean;
}

/** Movie time: used for nothing but the duration. */
const MOVIE_TIMESCALE = 1000;
export const ENABLED_IN_MOVIE = 3;
/** Nothing turned, nothing scaled; 16.16 and 2.30. */
export const IDENTITY = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
export const FULL_VOLUME = 0x0100;

export function initSegment({ tracks, durationMs, edits }: InitOptions): Uint8Array {
  // iso6 is the first brand with default-base-is-moof and signed composition offsets.
  const brands = ascii("iso6\0\0\0\0iso6iso5isommp41");
  const nextId = Math.max(0, ...tracks.map((track) => track.id)) + 1;
  const moov = box(
    "moov",
    mvhd(nextId),
    ...tracks.map((media) => trak(media, edits ?? durationMs !== undefined)),
    mvex(tracks, durationMs),
  );
  const ftyp = box("ftyp", brands);
  const out = new Uint8Array(ftyp.length + moov.length);
  out.set(ftyp);
  out.set(moov, ftyp.length);
  return out;
}

function mvhd(nextId: number): Uint8Array {
  const times = u32(0, 0, MOVIE_TIMESCALE, 0, 0x10000);
  return fullBox("mvhd", {}, times, u16(FULL_VOLUME), zeros(10), IDENTITY, zeros(24), u32(nextId));
}

function mvex(tracks: readonly Mp4Track[], durationMs: number | undefined): Uint8Array {
  const mehd =
    durationMs === undefined ? zeros(0) : fullBox("mehd", { version: 1 }, u64(durationMs));
  return box("mvex", mehd, ...tracks.map(({ id }) => fullBox("trex", {}, u32(id, 1, 0, 0, 0))));
}

function trak(media: Mp4Track, edits: boolean): Uint8Array {
  const { track, id } = media;
  const audio = track.type === "audio";
  const { width, height } = audio ? { width: 0, height: 0 } : displaySize(track);
  const tkhd = fullBox(
    "tkhd",
    { flags: ENABLED_IN_MOVIE },
    u32(0, 0, id, 0, 0, 0, 0),
    u16(0, 0, audio ? FULL_VOLUME : 0, 0),
    IDENTITY,
    u32(width * 0x10000, height * 0x10000),
  );
  return box("trak", tkhd, edits ? edts(media) : zeros(0), mdia(media));
}

/** Presentation begins so many ticks into the media (§8.6.6); duration 0: all fragments. */
function edts({ reorderTicks, delayTicks }: Mp4Track): Uint8Array {
  const start = reorderTicks + delayTicks;
  return start === 0 ? zeros(0) : box("edts", fullBox("elst", {}, u32(1, 0, start, 0x10000)));
}

function mdia({ track, timescale, entries }: Mp4Track): Uint8Array {
  const mdhd = fullBox("mdhd", {}, u32(0, 0, timescale, 0), u16(languageCode(track.language), 0));
  return mediaBox(track, mdhd, stbl(entries));
}

/** `mdia` of a track, with its header and sample tables as given (§8.4). */
export function mediaBox(track: Track, mdhd: Uint8Array, stbl: Uint8Array): Uint8Array {
  const audio = track.type === "audio";
  const name = audio ? "SoundHandler\0" : "VideoHandler\0";
  const hdlr = fullBox("hdlr", {}, u32(0), ascii(audio ? "soun" : "vide"), zeros(12), ascii(name));
  const header = audio ? fullBox("smhd", {}, zeros(4)) : fullBox("vmhd", { flags: 1 }, zeros(8));
  const url = fullBox("url ", { flags: 1 });
  const dinf = box("dinf", fullBox("dref", {}, u32(1), url));
  return box("mdia", mdhd, hdlr, box("minf", header, dinf, stbl));
}

/** Samples are in the fragments: all tables are empty but the sample entries. */
function stbl(entries: readonly Uint8Array[]): Uint8Array {
  const stsd = fullBox("stsd", {}, u32(entries.length), ...entries);
  const tables = ["stts", "stsc"].map((type) => fullBox(type, {}, u32(0)));
  return box("stbl", stsd, ...tables, fullBox("stsz", {}, u32(0, 0)), fullBox("stco", {}, u32(0)));
}

/** Three letters of five bits (§8.4.2.3). What is not ISO 639-2 is undetermined. */
export function languageCode(language: string | undefined): number {
  const known = language !== undefined && /^[a-z]{3}$/.test(language) ? language : "und";
  return [...ascii(known)].reduce((code, letter) => code * 32 + (letter - 0x60), 0);
}
