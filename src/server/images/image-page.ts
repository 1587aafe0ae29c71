/** A page of pictures at equal distances: what GetImages and the native list give, before either puts it in its own words. */
import { Fault } from "../../base/errors.ts";
import type { ClockName } from "../../fragment/fragment.ts";
import type { Found, PictureSource } from "../../play/images/source.ts";
import type { ImageService } from "./service.ts";
import type { PictureStyle } from "./style.ts";

export const MAX_RANGE_MS = 300_000;
export const MIN_INTERVAL_MS = 200;
/** KVS: pages never have more. */
export const PAGE_PICTURES = 25;
/** A page ends behind the picture that makes it longer, bytes. */
const PAGE_BYTES = 32 << 20;

export interface PageOptions {
  readonly stream: string;
  readonly clock: ClockName;
  /** Epoch ms; the end is not in the range. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
  readonly style: PictureStyle;
  /** 1 to `PAGE_PICTURES`. */
  readonly count: number;
  /** What the page before gave. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal;
}

export interface PagePicture {
  /** The time asked for. */
  readonly timeMs: number;
  readonly image?: Uint8Array;
  /** When the picture was shown first, on the clock asked for, µs. */
  readonly shownUs?: number;
  /** `no-media`: nothing was recorded; `media-error`: it cannot be decoded. */
  readonly error?: "no-media" | "media-error";
}

export interface PicturePage {
  readonly pictures: readonly PagePicture[];
  /** Undefined: this was the last. Base64. */
  readonly token: string | undefined;
}

/** Throws `request.bad`, `stream.not-found`, `store.*`, `request.busy`, `ffmpeg.missing`, `ffmpeg.failed`. */
export async function imagePage(service: ImageService, options: PageOptions): Promise<PicturePage> {
  const { stream, clock, toMs, intervalMs, style, count, signal } = options;
  const finder = service.finder(stream, signal);
  const firstMs = startOf(options);
  const found: { timeMs: number; found: Found }[] = [];
  const groups = new Map<string, number>();
  for (let timeMs = firstMs; timeMs < toMs && found.length < count; timeMs += intervalMs) {
    const one = await finder.at(clock, timeMs, "exact");
    found.push({ timeMs, found: one });
    // Coded frames are held until they are decoded: a page of few, long groups.
    if (one.kind === "picture") groups.set(...groupOf(one.source));
    if ([...groups.values()].reduce((sum, size) => sum + size, 0) > PAGE_BYTES) break;
  }
  const sources = found.flatMap(({ found: one }) => (one.kind === "picture" ? [one.source] : []));
  const images = await service.make(sources, style, signal);
  const made = new Map(sources.map((source, i) => [source, images[i]]));
  const pictures: PagePicture[] = [];
  let bytes = 0;
  for (const one of found) {
    const picture = pictureOf(one.timeMs, one.found, { made, clock });
    pictures.push(picture);
    bytes += picture.image?.length ?? 0;
    if (bytes > PAGE_BYTES) break;
  }
  const nextMs = firstMs + pictures.length * intervalMs;
  return { pictures, token: nextMs < toMs ? tokenOf(options, nextMs) : undefined };
}

function pictureOf(
  timeMs: number,
  found: Found,
  { made, clock }: { made: ReadonlyMap<PictureSource, Uint8Array | undefined>; clock: ClockName },
): PagePicture {
  if (found.kind === "no-media") return { timeMs, error: "no-media" };
  const image = found.kind === "picture" ? made.get(found.source) : undefined;
  if (found.kind === "undecodable" || image === undefined) return { timeMs, error: "media-error" };
  const { shownUs, receivedUs } = found.source;
  return { timeMs, image, shownUs: clock === "server" ? receivedUs : shownUs };
}

/** Pictures of one group share their frames: the latest has the most. Its name and its bytes. */
function groupOf({ decoder, frames }: PictureSource): [string, number] {
  const bytes = frames.reduce((sum, { payload }) => sum + payload.length, 0);
  return [`${decoder} ${frames[0]?.timeUs}`, bytes];
}

/** Says where to go on and of which request it is. */
function tokenOf({ fromMs, intervalMs }: PageOptions, nextMs: number): string {
  return Buffer.from(`${fromMs} ${intervalMs} ${nextMs}`).toString("base64");
}

function startOf({ token, fromMs, toMs, intervalMs }: PageOptions): number {
  if (token === undefined) return fromMs;
  const [from, interval, next = Number.NaN] = Buffer.from(token, "base64")
    .toString("latin1")
    .split(" ")
    .map(Number);
  const fits = from === fromMs && interval === intervalMs && next > fromMs && next < toMs;
  if (fits && (next - fromMs) % intervalMs === 0) return next;
  throw new Fault("request.bad", "the token is not one of this range and interval");
}
