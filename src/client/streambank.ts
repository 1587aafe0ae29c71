/**
 * A typed client of the native API: streams, what they hold, clips, pictures, holds, consumers, events, and who may do what.
 *
 *     const bank = new Streambank({ url: "http://127.0.0.1:8080", token });
 *     for await (const fragment of bank.stream("door").consume({ from: "earliest" })) …
 *
 * Every method throws `ApiError`.
 */
import { Connection, type ConnectionOptions } from "./connection.ts";
import { type ConsumeOptions, consume } from "./consume.ts";
import { type EventOptions, events } from "./events.ts";
import { type GroupOptions, joinGroup } from "./group.ts";
import { type KeyFrameOptions, keyFrames } from "./key-frames.ts";
import { type LiveOptions, liveFrames } from "./live-frames.ts";
import type {
  AccessKey,
  Action,
  Coverage,
  FragmentItem,
  GroupPlace,
  Hold,
  ImageItem,
  NewAccessKey,
  PictureStyle,
  Range,
  ServerInfo,
  ServerSample,
  Session,
  SessionToken,
  Stream,
  StreamSettings,
  Time,
  User,
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

  /** What happens, as it happens; see `events`. */
  events(options: EventOptions = {}): ReturnType<typeof events> {
    return events(this.#connection, options);
  }

  /** What the server is, and where it listens. */
  server(): Promise<ServerInfo> {
    return this.#connection.json("/v1/server");
  }

  /** How it did over the last three hours, one sample every ten seconds; those after `since`. */
  async history(since: Time = 0): Promise<readonly ServerSample[]> {
    const path = `/v1/server/history?since=${encodeURIComponent(since)}`;
    return (await this.#connection.json<{ samples: ServerSample[] }>(path)).samples;
  }

  /** Who asks, and what they may do. */
  session(): Promise<Session> {
    return this.#connection.json("/v1/session");
  }

  /**
   * The own password, of a user whose session's token this client has. All that the user is signed in with ends, the token too.
   * Throws `auth.denied` when `password` is not the present one.
   */
  async changePassword(change: {
    readonly password: string;
    readonly newPassword: string;
  }): Promise<void> {
    await this.#connection.ask("/v1/password", { method: "POST", body: change });
  }

  /** A token of at most 12 hours (default 1) that may do no more than who asks: for addresses, and for others. */
  makeSession(scope: {
    readonly actions: readonly Action[];
    readonly streams: string;
    readonly seconds?: number;
  }): Promise<SessionToken> {
    return this.#connection.json("/v1/session", { method: "POST", body: scope });
  }

  async keys(): Promise<readonly AccessKey[]> {
    return (await this.#connection.json<{ keys: AccessKey[] }>("/v1/keys")).keys;
  }

  /** Its secret is told this once. */
  createKey(key: {
    readonly name: string;
    readonly actions: readonly Action[];
    readonly streams: string;
    readonly from?: Time;
    readonly to?: Time;
    readonly expires?: Time;
  }): Promise<NewAccessKey> {
    return this.#connection.json("/v1/keys", { method: "POST", body: key });
  }

  /** What it opened ends with it. */
  async removeKey(id: string): Promise<void> {
    await this.#connection.ask(`/v1/keys/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  async users(): Promise<readonly User[]> {
    return (await this.#connection.json<{ users: User[] }>("/v1/users")).users;
  }

  /** `streams` by default all. */
  createUser(
    user: Pick<User, "name" | "role"> & { readonly password: string; readonly streams?: string },
  ): Promise<User> {
    return this.#connection.json("/v1/users", { method: "POST", body: user });
  }

  /** What the user is signed in with ends. */
  changeUser(
    name: string,
    change: Partial<Pick<User, "role" | "streams">> & { readonly password?: string },
  ): Promise<User> {
    const path = `/v1/users/${encodeURIComponent(name)}`;
    return this.#connection.json(path, { method: "PATCH", body: change });
  }

  async removeUser(name: string): Promise<void> {
    await this.#connection.ask(`/v1/users/${encodeURIComponent(name)}`, { method: "DELETE" });
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

  /** Where there is media; gaps shorter than `resolution` ms are joined. With `buckets` also how much of each of so many parts. */
  coverage(
    {
      resolution = 0,
      buckets,
      ...range
    }: Range & { readonly resolution?: number; readonly buckets?: number },
    signal?: AbortSignal,
  ): Promise<Coverage> {
    const query = { ...rangeQuery(range), resolution, buckets };
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

  /** Coded key frames of a range, forwards or backwards; see `keyFrames`. */
  keyFrames(options: KeyFrameOptions): ReturnType<typeof keyFrames> {
    return keyFrames(this.#connection, this.#path, options);
  }

  /** One picture, as bytes in the answer's `body`; default what is shown now. */
  image(
    {
      at,
      clock,
      exact,
      format = "jpeg",
      ...style
    }: PictureStyle & {
      readonly at?: Time | "latest";
      readonly clock?: Range["clock"];
      /** False: the key frame before it, which costs less. */
      readonly exact?: boolean;
    } = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const path = `${this.#path}/image.${format === "jpeg" ? "jpg" : "png"}`;
    return this.#connection.ask(path, { query: { at, clock, exact, ...style }, signal });
  }

  /** Pictures every `interval` ms (3000) of a range, one page after the other. */
  async *images(
    asked: PictureStyle & Range & { from: Time; to: Time; readonly interval?: number },
    signal?: AbortSignal,
  ): AsyncGenerator<ImageItem> {
    const path = `${this.#path}/images`;
    for (let token: string | undefined; ; ) {
      const query = { ...asked, token };
      const page = await this.#connection.json<{ images: ImageItem[]; token?: string }>(path, {
        ...{ query, signal },
      });
      yield* page.images;
      if (page.token === undefined) return;
      token = page.token;
    }
  }

  /**
   * The address of an HLS playlist (or a DASH manifest) for players: of what is live, or of a range. With a session's token in it
   * that opens this stream for `seconds` (3600), where the client has a token of its own.
   */
  async playUrl(
    options: Range & { readonly kind?: "hls" | "dash"; readonly seconds?: number } = {},
  ): Promise<string> {
    const { kind = "hls", seconds = 3600, ...range } = options;
    const file = kind === "hls" ? "hls/index.m3u8" : "dash/manifest.mpd";
    const token = await this.#connection.addressToken(this.name, seconds);
    return this.#connection.address(`${this.#path}/${file}`, { ...rangeQuery(range), token });
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
