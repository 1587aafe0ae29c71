/**
 * A typed client of the native API: streams, what they hold, clips, holds, and consumers.
 *
 *     const bank = new Streambank({ url: "http://127.0.0.1:8080", token });
 *     for await (const fragment of bank.stream("door").consume({ from: "earliest" })) …
 *
 * Every method throws `ApiError`.
 */
import { Connection, type ConnectionOptions } from "./connection.ts";
import { type ConsumeOptions, consume } from "./consume.ts";
import { type GroupOptions, joinGroup } from "./group.ts";
import { type LiveOptions, liveFrames } from "./live-frames.ts";
import type {
  Coverage,
  FragmentItem,
  GroupPlace,
  Hold,
  Range,
  Stream,
  StreamSettings,
  Time,
} from "./types.ts";

/** A server. */
export class Streambank {
  readonly #connection: Connection;

  constructor(options: ConnectionOptions) {
    this.#connection = new Connection(options);
  }

  async streams(signal?: AbortSignal): Promise<readonly Stream[]> {
    const path = "/v1/streams";
    return (await this.#connection.json<{ streams: Stream[] }>(path, { signal })).streams;
  }

  /** `stream.exists` when there is one of this name. */
  createStream(name: string, settings: StreamSettings = {}): Promise<Stream> {
    const body = { name, ...settings };
    return this.#connection.json("/v1/streams", { method: "POST", body });
  }

  /** Asks nothing yet. */
  stream(name: string): StreamHandle {
    return new StreamHandle(this.#connection, name);
  }

  /** Streams shared with the other consumers of a group: see `joinGroup`. */
  group(options: GroupOptions): ReturnType<typeof joinGroup> {
    return joinGroup(this.#connection, options);
  }

  /** Where a group has come to. */
  async groupPlaces(group: string): Promise<readonly GroupPlace[]> {
    const path = `/v1/groups/${encodeURIComponent(group)}`;
    return (await this.#connection.json<{ streams: GroupPlace[] }>(path)).streams;
  }
}

/** One stream of it. */
export class StreamHandle {
  readonly name: string;
  readonly #connection: Connection;
  readonly #path: string;

  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.name = name;
    this.#path = `/v1/streams/${encodeURIComponent(name)}`;
  }

  info(signal?: AbortSignal): Promise<Stream> {
    return this.#connection.json(this.#path, { signal });
  }

  /** With `version`, only when nobody has changed it since: else `stream.version-mismatch`. */
  change(settings: StreamSettings & { readonly version?: string }): Promise<Stream> {
    return this.#connection.json(this.#path, { method: "PATCH", body: settings });
  }

  /** And all its media. */
  async delete(): Promise<void> {
    await this.#connection.ask(this.#path, { method: "DELETE" });
  }

  /** Fragments that share an instant with the range, one page after the other. */
  async *fragments(range: Range = {}, signal?: AbortSignal): AsyncGenerator<FragmentItem> {
    const path = `${this.#path}/fragments`;
    for (let token: string | undefined; ; ) {
      const query = { ...rangeQuery(range), token };
      const page = await this.#connection.json<{ fragments: FragmentItem[]; nextToken?: string }>(
        path,
        { query, signal },
      );
      yield* page.fragments;
      if (page.nextToken === undefined) return;
      token = page.nextToken;
    }
  }

  /** Where there is media; gaps shorter than `resolution` ms are joined. */
  coverage(
    { resolution = 0, ...range }: Range & { readonly resolution?: number },
    signal?: AbortSignal,
  ): Promise<Coverage> {
    const query = { ...rangeQuery(range), resolution };
    return this.#connection.json(`${this.#path}/coverage`, { query, signal });
  }

  /** The clip's answer: its length is in `content-length`, its bytes in `body`. */
  clip(
    { format = "mp4", ...range }: Range & { readonly format?: "mp4" | "mkv"; from: Time; to: Time },
    signal?: AbortSignal,
  ): Promise<Response> {
    return this.#connection.ask(`${this.#path}/clip.${format}`, {
      query: rangeQuery(range),
      signal,
    });
  }

  async holds(): Promise<readonly Hold[]> {
    return (await this.#connection.json<{ holds: Hold[] }>(`${this.#path}/holds`)).holds;
  }

  /** Nothing removes this range until the hold ends. */
  hold(hold: { from: Time; to: Time; why: string; who: string; until?: Time }): Promise<Hold> {
    return this.#connection.json(`${this.#path}/holds`, { method: "POST", body: hold });
  }

  /** Whole fragments, from any place and on into live; see `consume`. */
  consume(options: ConsumeOptions = {}): ReturnType<typeof consume> {
    return consume(this.#connection, this.name, options);
  }

  /** Frames as they arrive; see `liveFrames`. */
  frames(options: LiveOptions = {}): ReturnType<typeof liveFrames> {
    return liveFrames(this.#connection, this.name, options);
  }
}

function rangeQuery({ from, to, clock }: Range) {
  return { from, to, clock };
}
