/** The server's HTTP API as the player uses it. Times are ms since the Unix epoch. */
import { Fault } from "../../src/base/errors.ts";
import type { Span } from "./timeline-model.ts";

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

export interface Gap extends Span {
  readonly cause?: string;
}

export interface Coverage {
  readonly ranges: readonly Span[];
  readonly gaps: readonly Gap[];
}

export class Api {
  readonly #server: string;

  /** `http(s)://host` without a slash at the end. */
  constructor(server: string) {
    this.#server = server;
  }

  async streams(signal?: AbortSignal): Promise<readonly StreamView[]> {
    const answer = await this.#get("/v1/streams", signal);
    return (answer as { streams: readonly StreamView[] }).streams;
  }

  /** What is recorded between two times, as fine as `resolutionMs`. */
  async coverage(
    stream: string,
    { from, to, resolutionMs }: Span & { resolutionMs: number },
    signal?: AbortSignal,
  ): Promise<Coverage> {
    const query = `from=${Math.floor(from)}&to=${Math.ceil(to)}&resolution=${Math.floor(resolutionMs)}`;
    const path = `/v1/streams/${encodeURIComponent(stream)}/coverage?${query}`;
    return (await this.#get(path, signal)) as Coverage;
  }

  clipUrl(stream: string, format: "mp4" | "mkv", { from, to }: Span): string {
    const path = `/v1/streams/${encodeURIComponent(stream)}/clip.${format}`;
    return `${this.#server}${path}?from=${Math.floor(from)}&to=${Math.ceil(to)}`;
  }

  /** Throws `request.bad` with the server's own words, `store.unavailable` when it cannot be reached. */
  async #get(path: string, signal?: AbortSignal): Promise<unknown> {
    let answer: Response;
    try {
      answer = await fetch(this.#server + path, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw new Fault("store.unavailable", "the server cannot be reached", { cause });
    }
    if (answer.ok) return answer.json();
    const body = (await answer.json().catch(() => undefined)) as
      | { error?: { message?: string } }
      | undefined;
    throw new Fault("request.bad", body?.error?.message ?? `the server answered ${answer.status}`);
  }
}
