/**
 * Pictures from their sources: as few runs of ffmpeg as it can be. Frames go in as a small Matroska stream and images come back as
 * one, so that each is known by its time. A run in which anything could not be decoded is done again in halves, until what
 * fails is one picture: that is damaged.
 */
import { asFault, Fault } from "../../base/errors.ts";
import { MkvReader } from "../../media/mkv/reader.ts";
import { type PictureRun, pictureMkv } from "../../play/images/picture-mkv.ts";
import type { PictureSource } from "../../play/images/source.ts";
import type { RunFfmpeg } from "./ffmpeg.ts";
import type { Pool } from "./pool.ts";
import { encoderArgs, type PictureStyle, sizeFilters } from "./style.ts";

/** Codecs ffmpeg is given: what cameras send. Its other decoders are never reached. */
const CODECS: Readonly<Record<string, string>> = {
  "V_MPEG4/ISO/AVC": "h264",
  "V_MPEGH/ISO/HEVC": "hevc",
  V_VP8: "vp8",
  V_VP9: "vp9",
  V_AV1: "libdav1d,av1",
  V_MJPEG: "mjpeg",
};
/** Input of one run, bytes and wanted pictures. */
const MAX_RUN_BYTES = 24 << 20;
const MAX_RUN_PICTURES = 32;
/** Larger pictures are not decoded: 8192 × 8192. */
const MAX_PIXELS = 1 << 26;

/** Sources with the same first frame: one way through the decoder serves all. */
interface Group {
  readonly decoder: string;
  /** With the most frames. */
  readonly longest: PictureSource;
  readonly sources: readonly PictureSource[];
}

export interface DecoderParts {
  readonly pool: Pool;
  readonly run: RunFfmpeg;
}

export class PictureDecoder {
  readonly #parts: DecoderParts;

  constructor(parts: DecoderParts) {
    this.#parts = parts;
  }

  /**
   * In the order of `sources`; undefined where the media cannot be decoded. Throws `request.busy`, `ffmpeg.missing`,
   * `ffmpeg.failed`, `server.closing`.
   */
  async decode(
    sources: readonly PictureSource[],
    style: PictureStyle,
    signal?: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    const made = new Map<string, Uint8Array>();
    for (const batch of batchesOf(groupsOf(sources)))
      await this.#batch(batch, { style, signal, made });
    return sources.map(({ identity }) => made.get(identity));
  }

  async #batch(
    batch: readonly Group[],
    want: { style: PictureStyle; signal: AbortSignal | undefined; made: Map<string, Uint8Array> },
  ): Promise<void> {
    const images = await this.#parts.pool.run(() => this.#run(batch, want), want.signal);
    if (images !== undefined) for (const [name, bytes] of images) want.made.set(name, bytes);
    else for (const smaller of halves(batch)) await this.#batch(smaller, want);
  }

  /** Undefined when not every picture came. */
  async #run(
    batch: readonly Group[],
    { style, signal }: { style: PictureStyle; signal: AbortSignal | undefined },
  ): Promise<Map<string, Uint8Array> | undefined> {
    const [first] = batch;
    const codec = CODECS[first?.longest.track.codecId ?? ""];
    if (first === undefined || codec === undefined) return undefined;
    const { parts, times } = pictureMkv(first.longest.track, batch.map(runOf));
    const wanted = [...new Set(times.flat())].sort((a, b) => a - b);
    const end = await this.#parts.run({
      args: argsFor(codec, wanted, style),
      input: parts,
      signal,
    });
    const images = end.code === 0 ? imagesOf(end.output) : new Map<number, Uint8Array>();
    if (wanted.some((time) => !images.has(time))) return undefined;
    const out = new Map<string, Uint8Array>();
    for (const [i, { sources }] of batch.entries())
      for (const [k, { identity }] of sources.entries()) {
        const image = images.get(times[i]?.[k] ?? -1);
        if (image !== undefined) out.set(identity, image);
      }
    return out;
  }
}

/** Reads nothing but its standard input, and no more of it than Matroska. */
function argsFor(codec: string, wanted: readonly number[], style: PictureStyle): string[] {
  const select = wanted.map((time) => `eq(pts,${time})`).join("+");
  const filters = [`select='${select}'`, ...sizeFilters(style)];
  return [
    ...["-threads", "1", "-xerror", "-err_detect", "explode", "-max_pixels", String(MAX_PIXELS)],
    ...["-protocol_whitelist", "pipe", "-codec_whitelist", codec],
    ...["-copyts", "-f", "matroska", "-i", "pipe:0", "-map", "0:v:0", "-filter_threads", "1"],
    ...["-vf", filters.join(","), "-fps_mode", "passthrough", "-threads", "1"],
    ...[...encoderArgs(style), "-f", "matroska", "pipe:1"],
  ];
}

/** By their times, ms. */
function imagesOf(output: Uint8Array): Map<number, Uint8Array> {
  const images = new Map<number, Uint8Array>();
  try {
    const reader = new MkvReader();
    reader.push(output);
    reader.end();
    for (let item = reader.pull(); item !== undefined; item = reader.pull())
      if (item.kind === "block") {
        const bytes = item.block.frames[0]?.toBytes();
        if (bytes !== undefined) images.set(item.clusterTicks + item.block.relativeTicks, bytes);
      }
  } catch (error) {
    // Nothing was decoded: then what ffmpeg wrote is not a whole file.
    if (!(error instanceof Fault) || !asFault(error).code.startsWith("mkv.")) throw error;
  }
  return images;
}

/**
 * Two batches that together are the one: the first groups and the last; of one group the pictures that need the fewest frames and
 * those that need the most. None when it is one picture: then that is what cannot be decoded.
 */
function halves(batch: readonly Group[]): Group[][] {
  const middle = Math.ceil(batch.length / 2);
  if (batch.length > 1) return [batch.slice(0, middle), batch.slice(middle)];
  const sources = [...(batch[0]?.sources ?? [])].sort((a, b) => a.frames.length - b.frames.length);
  if (sources.length < 2) return [];
  const half = Math.ceil(sources.length / 2);
  return [groupsOf(sources.slice(0, half)), groupsOf(sources.slice(half))];
}

function groupsOf(sources: readonly PictureSource[]): Group[] {
  const groups = new Map<string, PictureSource[]>();
  for (const source of sources) {
    const name = `${source.decoder} ${source.frames[0]?.timeUs}`;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    if (!group.some(({ identity }) => identity === source.identity)) group.push(source);
  }
  return [...groups.values()].map((list) => {
    const longest = list.reduce((a, b) => (b.frames.length > a.frames.length ? b : a));
    return { decoder: longest.decoder, longest, sources: list };
  });
}

function runOf({ longest, sources }: Group): PictureRun {
  return { frames: longest.frames, wanted: sources.map(({ frames }) => frames.length - 1) };
}

/** Groups of one decoder that go through it together. */
function batchesOf(groups: readonly Group[]): Group[][] {
  const batches: Group[][] = [];
  let [bytes, pictures] = [0, 0];
  for (const group of groups) {
    const size = group.longest.frames.reduce((sum, { payload }) => sum + payload.length, 0);
    const last = batches.at(-1);
    const fits =
      bytes + size <= MAX_RUN_BYTES && pictures + group.sources.length <= MAX_RUN_PICTURES;
    if (last?.[0]?.decoder === group.decoder && fits) last.push(group);
    else {
      batches.push([group]);
      [bytes, pictures] = [0, 0];
    }
    bytes += size;
    pictures += group.sources.length;
  }
  return batches;
}
