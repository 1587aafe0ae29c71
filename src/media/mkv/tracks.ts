/** Tracks elements as values (RFC 9559 §5.1.4). */
import { Fault } from "../../base/errors.ts";
import type { AudioSettings, Track, TrackType, VideoSettings } from "../track.ts";
import { type Child, children, float, inside, text, uint } from "./values.ts";

/** TrackType numbers (RFC 9559 §5.1.4.1.3). */
const TYPES: Readonly<Record<number, TrackType>> = { 1: "video", 2: "audio", 17: "subtitle" };

/**
 * Reads the payload of a Tracks element. `at` is its byte offset in the input. Throws `mkv.no-tracks`,
 * `mkv.too-many-tracks`, `mkv.bad-value` (a number missing or used twice).
 */
export function readTracks(payload: Uint8Array, at: number, maxTracks: number): Track[] {
  const tracks: Track[] = [];
  for (const child of children(payload, at)) {
    if (child.name !== "TrackEntry") continue;
    if (tracks.length >= maxTracks)
      throw new Fault("mkv.too-many-tracks", `more than ${maxTracks} tracks`, { at: child.at });
    const track = readTrack(child);
    if (tracks.some((t) => t.number === track.number))
      throw new Fault("mkv.bad-value", `track number ${track.number} twice`, { at: child.at });
    tracks.push(track);
  }
  if (tracks.length === 0) throw new Fault("mkv.no-tracks", "no track is declared", { at });
  return tracks;
}

/** No frame lasts longer than this (a day): times stay exact whatever is added to them. */
export const MAX_DURATION_NS = 86_400e9;

/** Longer stripped headers are not undone: a peer could have a few bytes stand for megabytes. */
const MAX_STRIPPED_BYTES = 256;

type Draft = { -readonly [K in keyof Track]: Track[K] };

const readers: Partial<Record<string, (draft: Draft, child: Child) => void>> = {
  TrackNumber: (d, c) => {
    d.number = uint(c);
  },
  TrackType: (d, c) => {
    d.type = TYPES[uint(c)] ?? "other";
  },
  CodecID: (d, c) => {
    d.codecId = text(c);
  },
  CodecPrivate: (d, c) => {
    if (c.payload.length > 0) d.codecPrivate = new Uint8Array(c.payload);
  },
  Name: (d, c) => {
    d.name = text(c);
  },
  Language: (d, c) => {
    d.language = text(c);
  },
  DefaultDuration: (d, c) => {
    const ns = uint(c);
    if (ns > MAX_DURATION_NS) throw new Fault("mkv.bad-value", "a DefaultDuration", { at: c.at });
    if (ns > 0) d.defaultDurationNs = ns;
  },
  CodecDelay: (d, c) => {
    d.codecDelayNs = uint(c);
  },
  SeekPreRoll: (d, c) => {
    d.seekPreRollNs = uint(c);
  },
  Video: (d, c) => {
    d.video = readVideo(c);
  },
  Audio: (d, c) => {
    d.audio = readAudio(c);
  },
  ContentEncodings: (d, c) => readEncodings(d, c),
};

function readTrack(entry: Child): Track {
  const draft: Draft = { number: 0, type: "other", codecId: "", encoding: "plain" };
  for (const child of inside(entry)) {
    if (child.name !== undefined) readers[child.name]?.(draft, child);
  }
  if (draft.number < 1 || draft.number > 0x3fff)
    throw new Fault("mkv.bad-value", `track number ${draft.number}`, { at: entry.at });
  return draft;
}

function readVideo(video: Child): VideoSettings {
  const numbers: Partial<Record<string, number>> = {};
  for (const child of inside(video)) {
    if (child.name?.startsWith("Pixel") || child.name?.startsWith("Display"))
      numbers[child.name] = uint(child);
  }
  const pixels = (numbers.DisplayUnit ?? 0) === 0;
  return {
    width: numbers.PixelWidth ?? 0,
    height: numbers.PixelHeight ?? 0,
    ...(pixels && numbers.DisplayWidth ? { displayWidth: numbers.DisplayWidth } : {}),
    ...(pixels && numbers.DisplayHeight ? { displayHeight: numbers.DisplayHeight } : {}),
  };
}

function readAudio(audio: Child): AudioSettings {
  let sampleRate = 8000;
  let output: number | undefined;
  let channels = 1;
  let bitDepth: number | undefined;
  for (const child of inside(audio)) {
    // Nothing, or nothing sensible, means the default (RFC 9559 §5.1.4.1.29).
    if (child.name === "SamplingFrequency") sampleRate = positive(float(child)) ?? sampleRate;
    if (child.name === "OutputSamplingFrequency") output = positive(float(child));
    if (child.name === "Channels") channels = positive(uint(child)) ?? channels;
    if (child.name === "BitDepth") bitDepth = positive(uint(child));
  }
  return {
    sampleRate,
    channels,
    ...(output === undefined ? {} : { outputSampleRate: output }),
    ...(bitDepth === undefined ? {} : { bitDepth }),
  };
}

function positive(value: number): number | undefined {
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** One encoding of block payloads by header stripping can be undone here; nothing else can. */
function readEncodings(draft: Draft, encodings: Child): void {
  const list = inside(encodings).filter((c) => c.name === "ContentEncoding");
  if (list.length === 0) return;
  draft.encoding = "unsupported";
  const [only] = list;
  if (list.length > 1 || only === undefined) return;
  const parts = inside(only);
  const number = (name: string, fallback: number) => {
    const child = parts.find((p) => p.name === name);
    return child === undefined ? fallback : uint(child);
  };
  const compression = parts.find((p) => p.name === "ContentCompression");
  if (number("ContentEncodingType", 0) !== 0 || compression === undefined) return;
  const scope = number("ContentEncodingScope", 1);
  // Bit 2: the CodecPrivate is encoded too, and then we cannot read that.
  if ((scope & 2) !== 0) return;
  if ((scope & 1) === 0) {
    draft.encoding = "plain";
    return;
  }
  const settings = inside(compression);
  const algo = settings.find((p) => p.name === "ContentCompAlgo");
  if (algo === undefined || uint(algo) !== 3) return;
  const stripped = settings.find((p) => p.name === "ContentCompSettings");
  if ((stripped?.payload.length ?? 0) > MAX_STRIPPED_BYTES) return;
  draft.encoding = "header-stripping";
  draft.strippedHeader = new Uint8Array(stripped?.payload ?? []);
}
