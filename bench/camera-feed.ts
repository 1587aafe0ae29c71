/**
 * What a camera of 2 Mbit/s sends, made once for all cameras: frames of the benchmarks' recording, cut to a third (nothing
 * looks into them), as Matroska for PutMedia and as RTMP in chunks of 128 bytes as ffmpeg sends them.
 */
import { openSync, readSync } from "node:fs";
import { Rope } from "../src/base/rope.ts";
import { micros } from "../src/base/units.ts";
import { RtmpType } from "../src/ingest/rtmp/chunk-reader.ts";
import { command } from "../src/ingest/rtmp/chunk-writer.ts";
import { MkvWriter } from "../src/media/mkv/live-writer.ts";
import { MkvReader } from "../src/media/mkv/reader.ts";
import type { Track } from "../src/media/track.ts";
import type { Recording } from "./media.ts";

/** Length of every fragment, ms. */
export const FRAGMENT_MS = 2000;
const PART = 1 / 3;
const CHUNK = 128;
const VIDEO = 1;
/** Far enough from 0 that every Cluster's time takes as many bytes. */
const BASE_MS = 1_000_000;

/** One picture and the sound before it, ready to be written to the socket. */
export interface Piece {
  /** When it is due, ms after the first. */
  readonly atMs: number;
  readonly bytes: Buffer;
  /** It is the last of its fragment. */
  readonly ends: boolean;
}

export interface Feed {
  /** What a connection begins with. */
  hello(stream: string): Buffer;
  readonly pieces: readonly Piece[];
  /** What it ends with. */
  readonly bye: Buffer;
  readonly fragmentBytes: number;
}

interface Media {
  readonly track: number;
  readonly atMs: number;
  readonly key: boolean;
  readonly payload: Uint8Array;
}

interface Loop {
  readonly tracks: readonly Track[];
  /** One fragment, pictures and sound as they come. */
  readonly media: readonly Media[];
}

/** The first fragment of the recording. */
function loopOf({ path, clusters: [first] }: Recording): Loop {
  if (first === undefined) throw new Error("a recording without Clusters");
  const bytes = Buffer.alloc(first.offset + first.size);
  readSync(openSync(path, "r"), bytes, 0, bytes.length, 0);
  const reader = new MkvReader();
  reader.push(bytes);
  const media: Media[] = [];
  let tracks: readonly Track[] = [];
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
    if (item.kind === "tracks") tracks = item.trackSet.tracks;
    if (item.kind !== "block") continue;
    const { track, key, relativeTicks: atMs, frames } = item.block;
    const payload = frames[0]?.toBytes() ?? bytes.subarray(0, 0);
    if (atMs >= 0 && atMs < FRAGMENT_MS)
      media.push({ track, key, atMs, payload: payload.subarray(0, payload.length * PART) });
  }
  return { tracks, media };
}

interface Format {
  hello(stream: string): Buffer;
  media(one: Media): Uint8Array;
  /** What says that a fragment is over. */
  end(): Uint8Array;
  wrap(bytes: Buffer): Buffer;
  readonly bye: Buffer;
}

export function feedOf(kind: "mkv" | "rtmp", recording: Recording, seconds: number): Feed {
  const loop = loopOf(recording);
  const format = kind === "mkv" ? matroska(loop.tracks) : rtmp(loop.tracks);
  const pieces: Piece[] = [];
  for (let startMs = 0; startMs < seconds * 1000; startMs += FRAGMENT_MS)
    addFragment(pieces, format, loop.media, startMs);
  const bytes = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  const fragments = pieces.filter((piece) => piece.ends).length;
  const { hello, bye } = format;
  return { hello, bye, pieces, fragmentBytes: Math.floor(bytes / fragments) };
}

function addFragment(
  pieces: Piece[],
  format: Format,
  media: readonly Media[],
  startMs: number,
): void {
  const last = media.findLastIndex(({ track }) => track === VIDEO);
  let parts: Uint8Array[] = [];
  for (const [i, one] of media.entries()) {
    const atMs = startMs + one.atMs;
    parts.push(format.media({ ...one, atMs }));
    if (one.track !== VIDEO) continue;
    const ends = i === last;
    if (ends) parts.push(format.end());
    pieces.push({ atMs, bytes: format.wrap(Buffer.concat(parts)), ends });
    parts = [];
  }
}

/** PutMedia over HTTP/1.1, a chunk for each piece. */
function matroska(tracks: readonly Track[]): Format {
  const writer = new MkvWriter({ tracks });
  const wrap = (bytes: Buffer) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
  const header = wrap(Buffer.from(writer.header()));
  return {
    wrap,
    bye: Buffer.from("0\r\n\r\n"),
    hello(stream) {
      const lines = [
        ...["POST /putMedia HTTP/1.1", "host: 127.0.0.1", `x-amzn-stream-name: ${stream}`],
        ...["x-amzn-fragment-timecode-type: RELATIVE", "transfer-encoding: chunked"],
        `x-amzn-producer-start-timestamp: ${((Date.now() - BASE_MS) / 1000).toFixed(3)}`,
      ];
      return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), header]);
    },
    media: ({ atMs, payload, ...frame }) => {
      const timeUs = micros((BASE_MS + atMs) * 1000);
      return writer.add({ ...frame, timeUs, payload: Rope.of(payload) }).toBytes();
    },
    end: () => writer.endOfFragment(),
  };
}

function rtmp(tracks: readonly Track[]): Format {
  const video = tracks.find((track) => track.number === VIDEO)?.codecPrivate ?? new Uint8Array(0);
  const audio = tracks.find((track) => track.number !== VIDEO)?.codecPrivate ?? new Uint8Array(0);
  const configs = Buffer.concat([
    rtmpMessage(RtmpType.video, 0, Buffer.concat([Buffer.of(0x17, 0, 0, 0, 0), video])),
    rtmpMessage(RtmpType.audio, 0, Buffer.concat([Buffer.of(0xaf, 0), audio])),
  ]);
  return {
    wrap: (bytes) => bytes,
    bye: Buffer.alloc(0),
    // The server answers step by step, but nothing in its answers changes what comes next.
    hello: (stream) =>
      Buffer.concat([
        Buffer.of(3),
        Buffer.alloc(2 * 1536),
        command(0, "connect", 1, { app: "live" }),
        command(0, "createStream", 2, null),
        command(1, "publish", 3, null, stream, "live"),
        configs,
      ]),
    media({ track, atMs, key, payload }) {
      if (track !== VIDEO)
        return rtmpMessage(RtmpType.audio, atMs, Buffer.concat([Buffer.of(0xaf, 1), payload]));
      const tag = Buffer.of(key ? 0x17 : 0x27, 1, 0, 0, 0);
      return rtmpMessage(RtmpType.video, atMs, Buffer.concat([tag, payload]));
    },
    end: () => Buffer.alloc(0),
  };
}

/** RTMP 1.0 §5.3: a header of format 0, and one of a byte before every further chunk. */
function rtmpMessage(type: number, atMs: number, payload: Uint8Array): Buffer {
  const chunkStream = type === RtmpType.video ? 6 : 4;
  const head = Buffer.alloc(12);
  head[0] = chunkStream;
  head.writeUIntBE(atMs, 1, 3);
  head.writeUIntBE(payload.length, 4, 3);
  head[7] = type;
  head.writeUInt32LE(1, 8);
  const parts: Uint8Array[] = [head];
  for (let at = 0; at < payload.length; at += CHUNK) {
    if (at > 0) parts.push(Buffer.of(0xc0 | chunkStream));
    parts.push(payload.subarray(at, at + CHUNK));
  }
  return Buffer.concat(parts);
}
