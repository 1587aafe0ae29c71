/**
 * Small pictures of a long range on one sheet: what a player shows above its time line. Key frames alone, because one is enough
 * to know a scene and costs the least; each once, however many of the times asked for it covers.
 */
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import type { ClockName, StoredFragment } from "../../fragment/fragment.ts";
import { displaySize } from "../../media/fmp4/sample-entry.ts";
import type { Track } from "../../media/track.ts";
import { pictureMkv } from "../../play/images/picture-mkv.ts";
import type { PictureSource } from "../../play/images/source.ts";
import { type ImageService, imageTag, tagOf } from "./service.ts";
import { encoderArgs, type PictureStyle } from "./style.ts";

export interface ThumbnailOptions {
  readonly stream: string;
  readonly clock: ClockName;
  readonly fromMs: number;
  readonly toMs: number;
  /** Of times, 1 to `MAX_THUMBNAILS`. */
  readonly count: number;
  /** Of one picture, pixels. */
  readonly width: number;
  readonly signal?: AbortSignal;
}

export const MAX_THUMBNAILS = 100;
export const MAX_THUMBNAIL_WIDTH = 480;
const COLUMNS = 10;
const QUALITY = 70;
/** Pictures decoded together: their coded frames are in memory meanwhile. */
const AT_ONCE = 16;

export interface Sheet {
  /** Without quotes. */
  readonly tag: string;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly tiles: readonly Tile[];
  readonly jpeg: Uint8Array;
}

export interface Tile {
  /** The time asked for that it stands for: the middle of its part of the range, ms. */
  readonly timeMs: number;
  /** When its picture was shown first, same clock, ms. */
  readonly shownMs: number;
  /** Of its upper left corner, pixels. */
  readonly x: number;
  readonly y: number;
}

/** One fragment that is shown, and the first time that it stands for. */
interface Cell {
  readonly timeMs: number;
  readonly fragment: StoredFragment;
}

/**
 * Throws `stream.not-found`, `request.no-media`, `store.*`, `request.busy`, `ffmpeg.missing`, `ffmpeg.failed`. A sheet of the same
 * fragments is remembered: then no media is read.
 */
export async function thumbnails(service: ImageService, options: ThumbnailOptions): Promise<Sheet> {
  const cells = await cellsOf(service, options);
  const name = nameOf(cells, options);
  const [map, known] = [service.recall(`map ${name}`), service.recall(`sheet ${name}`)];
  if (map !== undefined && known !== undefined)
    return {
      ...(JSON.parse(Buffer.from(map).toString("utf8")) as Omit<Sheet, "jpeg">),
      jpeg: known,
    };
  const { jpeg, ...rest } = await makeSheet(service, options, cells);
  service.remember(`map ${name}`, Buffer.from(JSON.stringify(rest)));
  service.remember(`sheet ${name}`, jpeg);
  return { ...rest, jpeg };
}

/** The same for what gives the same sheet. */
function nameOf(cells: readonly Cell[], { clock, width }: ThumbnailOptions): string {
  return tagOf([
    `${clock} ${width}`,
    ...cells.map(({ timeMs, fragment: { packId, info, blocksCrc } }) =>
      [timeMs, packId, info.number.sequence, blocksCrc].join(" "),
    ),
  ]);
}

/** A picture that was made, and the time that it stands for. */
interface Made {
  readonly source: PictureSource;
  readonly image: Uint8Array;
  readonly timeMs: number;
}

async function makeSheet(
  service: ImageService,
  options: ThumbnailOptions,
  cells: readonly Cell[],
): Promise<Sheet> {
  const { width, clock, signal } = options;
  const { made, style } = await makePictures(service, options, cells);
  if (style === undefined || made.length === 0) throw nothing(options);
  const { height = 0 } = style;
  const columns = Math.min(COLUMNS, made.length);
  const rows = Math.ceil(made.length / columns);
  const tag = tagOf(["sheet", ...made.map(({ source }) => imageTag(source, style))]);
  const images = made.map(({ image }) => image);
  const jpeg = await joined(service, images, { width, height, columns, rows }, signal);
  const tiles = made.map(({ timeMs, source }, i) => ({
    timeMs,
    shownMs: Math.floor((clock === "server" ? source.receivedUs : source.shownUs) / 1000),
    x: (i % columns) * width,
    y: Math.floor(i / columns) * height,
  }));
  return { tag, tileWidth: width, tileHeight: height, columns, rows, tiles, jpeg };
}

/** Of every cell its first key frame, if it can be decoded. */
async function makePictures(
  service: ImageService,
  { stream, width, signal }: ThumbnailOptions,
  cells: readonly Cell[],
): Promise<{ made: Made[]; style: PictureStyle | undefined }> {
  const finder = service.finder(stream, signal);
  const made: Made[] = [];
  let style: PictureStyle | undefined;
  for (let at = 0; at < cells.length; at += AT_ONCE) {
    const batch: { source: PictureSource; timeMs: number }[] = [];
    for (const { fragment, timeMs } of cells.slice(at, at + AT_ONCE)) {
      const found = await finder.of(fragment, fragment.info.producedStartUs, "key");
      if (found.kind === "picture") batch.push({ source: found.source, timeMs });
    }
    style ??= batch[0] && styleOf(batch[0].source.track, width);
    if (style === undefined) continue;
    const sources = batch.map(({ source }) => source);
    const images = await service.make(sources, style, signal);
    for (const [i, one] of batch.entries()) {
      const image = images[i];
      if (image !== undefined) made.push({ ...one, image });
    }
  }
  return { made, style };
}

function nothing({ stream }: ThumbnailOptions): Fault {
  return new Fault("request.no-media", `there are no pictures in this range of ${stream}`);
}

/** The fragments in the middle of each of `count` equal parts of the range; each once. */
async function cellsOf(service: ImageService, options: ThumbnailOptions): Promise<Cell[]> {
  const { stream, clock, fromMs, toMs, count, signal } = options;
  const finder = service.finder(stream, signal);
  const cells: Cell[] = [];
  for (let i = 0; i < count; i++) {
    const timeMs = Math.floor(fromMs + ((i + 0.5) * (toMs - fromMs)) / count);
    const fragment = await finder.fragmentAt(clock, timeMs);
    const last = cells.at(-1)?.fragment;
    const same = last?.packId === fragment?.packId;
    if (fragment === undefined) continue;
    if (same && last?.info.number.sequence === fragment.info.number.sequence) continue;
    cells.push({ timeMs, fragment });
  }
  return cells;
}

/** In the shape of the first picture; others get bars. */
function styleOf(track: Track, width: number): PictureStyle {
  const size = displaySize(track);
  const shape = size.width > 0 && size.height > 0 ? size.height / size.width : 9 / 16;
  const height = Math.min(2 * MAX_THUMBNAIL_WIDTH, Math.max(1, Math.round(width * shape)));
  return { format: "jpeg", quality: QUALITY, width, height, bars: true };
}

interface SheetSize {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
}

/** The pictures, JPEGs of one size, side by side in one. */
async function joined(
  service: ImageService,
  images: readonly Uint8Array[],
  { width, height, columns, rows }: SheetSize,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const track: Track = {
    ...{ number: 1, type: "video", codecId: "V_MJPEG", encoding: "plain" },
    video: { width, height },
  };
  const frames = images.map((image, i) => ({ timeUs: i, key: true, payload: Rope.of(image) }));
  const { parts } = pictureMkv(track, [{ frames, wanted: [] }]);
  const args = [
    ...["-threads", "1", "-protocol_whitelist", "pipe", "-codec_whitelist", "mjpeg"],
    ...["-f", "matroska", "-i", "pipe:0", "-vf", `tile=${columns}x${rows}`, "-frames:v", "1"],
    ...[...encoderArgs({ format: "jpeg", quality: QUALITY }), "-f", "mjpeg", "pipe:1"],
  ];
  const end = await service.pool.run(() => service.run({ args, input: parts, signal }), signal);
  if (end.code === 0 && end.output.length > 0) return end.output;
  throw new Fault("ffmpeg.failed", `the sheet could not be made: ${end.words.slice(-200)}`);
}
