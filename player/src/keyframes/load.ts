/** Pages of key frames from the server. Stretches in which nothing is recorded are passed over. */
import { KeyFrameReader, type KeyFrameTrack } from "../../../src/fragment/key-frames.ts";
import type { Api } from "../api.ts";
import type { PageWish, Picture, PicturePage } from "./pictures.ts";

/** What one question may span, ms; see docs/formats/keyframes.md. */
const DAY_MS = 86_400_000;
/** Recordings are looked for so coarsely, ms. */
const COARSE_MS = 60_000;

export class PictureLoader {
  readonly #api: Api;
  readonly #stream: string;

  constructor(api: Api, stream: string) {
    this.#api = api;
    this.#stream = stream;
  }

  /** The next page in a direction, over whatever gap; without pictures when there is nothing more. */
  async page(wish: PageWish, signal: AbortSignal): Promise<PicturePage> {
    const page = await this.near(wish, DAY_MS, signal);
    if (page.pictures.length > 0 || page.nextMs !== undefined) return page;
    const atMs = await this.#recorded(wish, signal);
    return atMs === undefined ? page : this.near({ ...wish, atMs }, DAY_MS, signal);
  }

  /** What there is within `spanMs`. */
  async near(wish: PageWish, spanMs: number, signal: AbortSignal): Promise<PicturePage> {
    const { backward, stepMs, limit } = wish;
    const at = backward ? Math.ceil(wish.atMs) : Math.floor(wish.atMs);
    const [from, to] = backward ? [Math.max(0, at - spanMs), at] : [at, at + spanMs];
    const direction = backward ? "backward" : "forward";
    const query = `from=${from}&to=${to}&direction=${direction}&step=${stepMs}&limit=${limit}`;
    const body = await this.#api.bytes(this.#stream, `keyframes?${query}`, signal);
    const pictures: Picture[] = [];
    let track: KeyFrameTrack | undefined;
    let nextMs: number | undefined;
    for (const item of new KeyFrameReader().push(body)) {
      if (item.kind === "track") track = sameOf(item);
      else if (item.kind === "end") nextMs = item.nextMs;
      else if (track !== undefined)
        pictures.push({ timeMs: item.timeUs / 1000, payload: item.payload, track });
    }
    // The range was read to its end: what is beyond is the next question.
    const beyond = pictures.length > 0 && nextMs === undefined && spanMs === DAY_MS;
    return { pictures, nextMs: beyond ? (backward ? from : to) : nextMs };
  }

  /** Where the next recording begins, or backwards the one before ends. */
  async #recorded(wish: PageWish, signal: AbortSignal): Promise<number | undefined> {
    const { firstMs, lastMs } = await this.#api.stream(this.#stream);
    if (firstMs === undefined || lastMs === undefined) return undefined;
    const { atMs, backward } = wish;
    const span = backward ? { from: firstMs, to: atMs } : { from: atMs, to: lastMs + 1 };
    if (span.to <= span.from) return undefined;
    const resolutionMs = Math.max(COARSE_MS, (span.to - span.from) / 10_000);
    const asked = { ...span, resolutionMs };
    const { ranges } = await this.#api.coverage(this.#stream, asked, signal);
    return backward ? ranges.findLast(({ to }) => to <= atMs)?.to : ranges[0]?.from;
  }
}

/** The same object for the same track: a decoder is not set up anew for every page. */
const known: KeyFrameTrack[] = [];

function sameOf(track: KeyFrameTrack): KeyFrameTrack {
  const text = JSON.stringify(track);
  const found = known.find((one) => JSON.stringify(one) === text);
  if (found !== undefined) return found;
  known.push(track);
  if (known.length > 8) known.shift();
  return track;
}
