/** The server's HTTP API as the player uses it. Times are ms since the Unix epoch. */
import { isoMillis } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import type { Coverage, Span } from "./coverage-types.ts";

export interface StreamView {
  readonly name: string;
  readonly live: boolean;
  readonly lastFrameMs?: number;
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly bytes: number;
  readonly tracks?: readonly {
    readonly type: string;
    readonly codec: string;
    readonly width?: number;
    readonly height?: number;
  }[];
}

export interface ClipFacts extends Span {
  readonly bytes: number;
}

/** As `GET /v1/streams/{name}/thumbnails` answers; `url` is of the picture, to be revoked. */
export interface ThumbnailSheet {
  readonly url: string;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly tiles: readonly {
    readonly timeMs: number;
    readonly shownMs: number;
    readonly x: number;
    readonly y: number;
  }[];
}

export interface CoverageWish extends Span {
  readonly resolutionMs: number;
  readonly buckets?: number;
}

interface CoverageAnswer extends Omit<Coverage, "density"> {
  readonly density?: { readonly bucketMs: number; readonly recordedMs: readonly number[] };
}

export class Api {
  readonly #server: string;

  readonly #token: string | undefined;

  /** `http(s)://host` without a slash at the end. `token`: for servers that ask who is there. */
  constructor(server: string, token?: string) {
    this.#server = server;
    this.#token = token;
  }

  /** Throws as `coverage` does; the server's own words when there is no such stream or no access. */
  async stream(name: string): Promise<StreamView> {
    return (await this.#get(`/v1/streams/${encodeURIComponent(name)}`)) as StreamView;
  }

  /** A sheet of small pictures. Throws as `coverage` does, also when this server makes none. */
  async thumbnails(
    stream: string,
    { from, to }: Span,
    { count, width }: { count: number; width: number },
  ): Promise<ThumbnailSheet> {
    const query = `from=${Math.floor(from)}&to=${Math.ceil(to)}&count=${count}&width=${width}`;
    const path = `/v1/streams/${encodeURIComponent(stream)}/thumbnails`;
    const answer = await this.#fetch(`${path}?${query}`);
    if (!answer.ok) throw await refused(answer);
    const sheet = (await answer.json()) as ThumbnailSheet;
    const picture = await this.#fetch(`${path}.jpg?${query}`);
    if (!picture.ok) throw await refused(picture);
    return { ...sheet, url: URL.createObjectURL(await picture.blob()) };
  }

  /** What `GET /v1/streams/{name}/…` answers. Throws as `coverage` does. */
  async bytes(stream: string, path: string, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#fetch(`/v1/streams/${encodeURIComponent(stream)}/${path}`, {
      signal,
    });
    if (!answer.ok) throw await refused(answer);
    return new Uint8Array(await answer.arrayBuffer());
  }

  /** Bytes of a clip, and what it really holds: whole fragments, so it may begin before and end after. */
  async clipFacts(stream: string, format: "mp4" | "mkv", span: Span): Promise<ClipFacts> {
    const answer = await this.#fetch(this.#clipPath(stream, format, span), { method: "HEAD" });
    if (!answer.ok) throw await refused(answer);
    const time = (name: string) => {
      const text = answer.headers.get(name);
      if (text === null) return undefined;
      const ms = /^\d+$/.test(text) ? Number(text) : isoMillis(text);
      return Number.isFinite(ms) ? ms : undefined;
    };
    return {
      bytes: Number(answer.headers.get("content-length") ?? 0),
      from: time("x-streambank-from") ?? span.from,
      to: time("x-streambank-to") ?? span.to,
    };
  }

  /** The clip's bytes as they come. `progress` gets the bytes so far. Throws as `coverage` does. */
  async clip(
    stream: string,
    format: "mp4" | "mkv",
    {
      span,
      progress,
      signal,
    }: { span: Span; progress: (bytes: number) => void; signal: AbortSignal },
  ): Promise<Blob> {
    const answer = await this.#fetch(this.#clipPath(stream, format, span), { signal });
    if (!answer.ok || answer.body === null) throw await refused(answer);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
      pieces.push(piece);
      bytes += piece.length;
      progress(bytes);
    }
    return new Blob(pieces, { type: answer.headers.get("content-type") ?? "" });
  }

  async streams(signal?: AbortSignal): Promise<readonly StreamView[]> {
    const answer = await this.#get("/v1/streams", signal);
    return (answer as { streams: readonly StreamView[] }).streams;
  }

  /** What is recorded between two times, as fine as `resolutionMs`; with `buckets` how much of each of so many parts. */
  async coverage(
    stream: string,
    { from, to, resolutionMs, buckets = 0 }: CoverageWish,
    signal?: AbortSignal,
  ): Promise<Coverage> {
    const [fromMs, toMs] = [Math.floor(from), Math.ceil(to)];
    const range = `from=${fromMs}&to=${toMs}&resolution=${Math.floor(resolutionMs)}`;
    const query = buckets > 0 ? `${range}&buckets=${buckets}` : range;
    const path = `/v1/streams/${encodeURIComponent(stream)}/coverage?${query}`;
    const { density, ...rest } = (await this.#get(path, signal)) as CoverageAnswer;
    return density === undefined ? rest : { ...rest, density: { ...density, fromMs } };
  }

  /** Makes a stream unless there is one. Throws as `coverage` does. */
  async createStream(name: string): Promise<void> {
    await this.#send("/v1/streams", "POST", { name });
  }

  /** Has the server pull a camera. Throws as `coverage` does. */
  async addSource(stream: string, url: string): Promise<void> {
    await this.#send(`/v1/streams/${encodeURIComponent(stream)}/source`, "PUT", { url });
  }

  /** For links: with the token in it, as a link has no headers. */
  clipUrl(stream: string, format: "mp4" | "mkv", span: Span): string {
    const token = this.#token === undefined ? "" : `&token=${encodeURIComponent(this.#token)}`;
    return `${this.#server}${this.#clipPath(stream, format, span)}${token}`;
  }

  #clipPath(stream: string, format: "mp4" | "mkv", { from, to }: Span): string {
    const path = `/v1/streams/${encodeURIComponent(stream)}/clip.${format}`;
    return `${path}?from=${Math.floor(from)}&to=${Math.ceil(to)}`;
  }

  async #send(path: string, method: "POST" | "PUT", body: object): Promise<void> {
    const answer = await this.#fetch(path, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    // There is one already: as wanted.
    if (!answer.ok && answer.status !== 409) throw await refused(answer);
  }

  /** Throws `store.unavailable` when the server cannot be reached. */
  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set("authorization", `Bearer ${this.#token}`);
    try {
      return await fetch(this.#server + path, { ...init, headers });
    } catch (cause) {
      throw new Fault("store.unavailable", "the server cannot be reached", { cause });
    }
  }

  /** Throws `request.bad` with the server's own words, `store.unavailable` when it cannot be reached. */
  async #get(path: string, signal?: AbortSignal): Promise<unknown> {
    const answer = await this.#fetch(path, signal === undefined ? {} : { signal });
    if (answer.ok) return answer.json();
    throw await refused(answer);
  }
}

async function refused(answer: Response): Promise<Fault> {
  const body = (await answer.json().catch(() => undefined)) as
    | { error?: { code?: string; message?: string } }
    | undefined;
  const large = body?.error?.code === "request.too-large";
  const message = body?.error?.message ?? `the server answered ${answer.status}`;
  return new Fault(large ? "request.too-large" : "request.bad", message);
}
