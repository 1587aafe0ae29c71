/**
 * Pictures for routes, for KVS's GetImages and for automatic images: finds, decodes, remembers. One for a server, so that all
 * of them together start no more processes than the pool allows.
 */
import { createHash } from "node:crypto";
import { ByteCache } from "../../base/byte-cache.ts";
import type { Clock } from "../../base/clock.ts";
import type { ClockName, FragmentReader } from "../../fragment/fragment.ts";
import type { LiveHub } from "../../live/hub.ts";
import type { Precision } from "../../play/images/choose.ts";
import { PictureFinder } from "../../play/images/finder.ts";
import { livePicture } from "../../play/images/live-picture.ts";
import type { Found, PictureSource } from "../../play/images/source.ts";
import { PictureDecoder } from "./decoder.ts";
import { ffmpegRunner, type RunFfmpeg } from "./ffmpeg.ts";
import { Pool, type PoolLimits } from "./pool.ts";
import { type PictureStyle, styleName } from "./style.ts";

/** Counts up whenever the same media and style would give another picture: part of every tag. */
const IMAGE_VERSION = 1;

export interface ImageServiceOptions {
  readonly clock: Clock;
  readonly reader: FragmentReader;
  readonly hub: LiveHub;
  /** Default: 2 processes, 64 that wait. */
  readonly limits?: PoolLimits;
  /** Default 64 MB. */
  readonly cacheBytes?: number;
  /** Default: the ffmpeg on PATH. */
  readonly run?: RunFfmpeg;
}

/** Where on which clock; `latest`: the newest there is. */
export interface PictureTime {
  readonly clock: ClockName;
  readonly at: number | "latest";
}

export class ImageService {
  readonly pool: Pool;
  readonly run: RunFfmpeg;
  readonly #options: ImageServiceOptions;
  readonly #decoder: PictureDecoder;
  readonly #cache: ByteCache;
  readonly #stop = new AbortController();

  constructor(options: ImageServiceOptions) {
    this.#options = options;
    this.pool = new Pool(options.limits ?? { running: 2, waiting: 64 });
    this.run = this.#stoppable(options.run ?? ffmpegRunner({ clock: options.clock }));
    this.#decoder = new PictureDecoder({ pool: this.pool, run: this.run });
    this.#cache = new ByteCache(options.cacheBytes ?? 64 << 20);
  }

  /** For the pictures of one request, in rising order of time. */
  finder(stream: string, signal?: AbortSignal): PictureFinder {
    return new PictureFinder({ reader: this.#options.reader, stream, signal });
  }

  /** Throws `stream.not-found`, `store.*`. */
  async find(stream: string, { clock, at }: PictureTime, precision: Precision): Promise<Found> {
    const finder = this.finder(stream);
    if (at !== "latest") return finder.at(clock, at, precision);
    const source = livePicture(this.#options.hub, stream, precision);
    return source === undefined ? finder.latest(precision) : { kind: "picture", source };
  }

  /**
   * In the order of `sources`; undefined where the media is damaged or of a codec that is not decoded. Throws `request.busy`,
   * `ffmpeg.missing`, `ffmpeg.failed`, `server.closing`.
   */
  async make(
    sources: readonly PictureSource[],
    style: PictureStyle,
    signal?: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    const names = sources.map((source) => imageTag(source, style));
    const known = new Map<string, Uint8Array>();
    for (const name of names) {
      const bytes = this.#cache.get(name);
      if (bytes !== undefined) known.set(name, bytes);
    }
    const missing = sources.filter((_, i) => !known.has(names[i] ?? ""));
    const made = await this.#decoder.decode(missing, style, signal);
    for (const [i, source] of missing.entries()) {
      const [name, bytes] = [imageTag(source, style), made[i]];
      if (bytes === undefined) continue;
      known.set(name, bytes);
      this.#cache.set(name, bytes);
    }
    return names.map((name) => known.get(name));
  }

  /** Something made of pictures, under a name of its own. */
  remember(name: string, bytes: Uint8Array): void {
    this.#cache.set(name, bytes);
  }

  recall(name: string): Uint8Array | undefined {
    return this.#cache.get(name);
  }

  /** Processes that run are ended, what waits is refused. */
  close(): void {
    this.pool.close();
    this.#stop.abort();
  }

  #stoppable(run: RunFfmpeg): RunFfmpeg {
    return ({ signal, ...rest }) => {
      const both = signal === undefined ? [] : [signal];
      return run({ ...rest, signal: AbortSignal.any([this.#stop.signal, ...both]) });
    };
  }
}

/** The same for the same picture in the same style: 32 hex digits. */
export function imageTag({ identity }: PictureSource, style: PictureStyle): string {
  return tagOf([identity, styleName(style)]);
}

/** 32 hex digits. */
export function tagOf(parts: readonly string[]): string {
  const hash = createHash("sha256").update(`v${IMAGE_VERSION}\n${parts.join("\n")}`);
  return hash.digest("hex").slice(0, 32);
}
