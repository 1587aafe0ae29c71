/**
 * One stream of another node, published here: a tail WebSocket to its owner whose frames go into this node's hub. Knows
 * one connection after another; what it has published is not published again.
 */
import { WebSocket } from "ws";
import { type CancelTimer, type Clock, sleep } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { Rope } from "../../base/rope.ts";
import { micros, millis } from "../../base/units.ts";
import type { LivePublisher, LiveSink } from "../../fragment/live.ts";
import { type ReadFrame, readFrameMessage } from "../../live/encoders/frames-encoder.ts";
import { readTracks } from "../../media/mkv/tracks.ts";
import { children } from "../../media/mkv/values.ts";
import type { TrackSet } from "../../media/track.ts";

export interface UpstreamParts {
  readonly stream: string;
  readonly hub: LiveSink;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where its owner is now; undefined: nobody else records it. Throws `index.unavailable`. */
  owner(): Promise<{ readonly node: string; readonly url: string } | undefined>;
  /** Value of `Authorization` for a tail of this path. */
  authorization(path: string): string;
}

/** Between two looks for an owner, and after a connection that broke, ms. */
const LOOK_MS = 500;
/** The owner tells the time every 5 s: with nothing for so long the connection is dead. */
const SILENT_MS = 15_000;
/** Largest message: one frame. */
const MESSAGE_BYTES = 64 << 20;
/** More tracks than any producer may have. */
const MAX_TRACKS = 1000;

/** What the owner says of a timeline, beside what viewers are told. */
interface Config {
  readonly type: string;
  readonly session?: string;
  readonly timestampScaleNs?: number;
  readonly tracksElement?: string;
}

export class Upstream {
  readonly #parts: UpstreamParts;
  readonly #gone = new AbortController();
  #connections = 0;
  #node: string | undefined;
  #ws: WebSocket | undefined;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    void this.#run();
  }

  /** Made so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Whom it is connected to. */
  get node(): string | undefined {
    return this.#node;
  }

  /** Ends the connection, and looks for the owner again. */
  disconnect(): void {
    this.#ws?.terminate();
  }

  close(): void {
    this.#gone.abort();
  }

  async #run(): Promise<void> {
    const { clock, log, owner, stream } = this.#parts;
    const { signal } = this.#gone;
    const published = new Published(this.#parts);
    while (!signal.aborted) {
      try {
        const found = await owner();
        if (found === undefined || signal.aborted) published.end();
        else await this.#follow(found, published);
      } catch (error) {
        log.warn("upstream.lost", { stream, message: asFault(error).message });
      }
      await sleep(clock, LOOK_MS, signal);
    }
    published.end();
  }

  /** Resolves when the connection is over. */
  #follow(owner: { node: string; url: string }, published: Published): Promise<void> {
    const { stream, authorization, clock } = this.#parts;
    const path = `/v1/streams/${encodeURIComponent(stream)}/tail?format=frames`;
    const headers = { authorization: authorization(path) };
    const options = { headers, perMessageDeflate: false, maxPayload: MESSAGE_BYTES } as const;
    const ws = new WebSocket(`${owner.url.replace(/^http/, "ws")}${path}`, options);
    this.#ws = ws;
    this.#connections++;
    published.connected();
    return new Promise((resolve, reject) => {
      let cancel: CancelTimer = () => {};
      const watch = () => {
        cancel();
        cancel = clock.after(SILENT_MS, () => ws.terminate());
      };
      const stop = () => ws.terminate();
      this.#gone.signal.addEventListener("abort", stop, { once: true });
      watch();
      ws.on("open", () => {
        this.#node = owner.node;
      });
      ws.on("message", (data: Buffer, binary) => {
        watch();
        try {
          if (binary) published.frame(data);
          else published.text(data.toString("utf8"));
        } catch (error) {
          reject(error);
          ws.terminate();
        }
      });
      ws.on("error", reject);
      ws.on("close", () => {
        cancel();
        this.#node = undefined;
        this.#gone.signal.removeEventListener("abort", stop);
        resolve();
      });
    });
  }
}

/** What has been given to the hub, over all connections. */
class Published {
  readonly #parts: Pick<UpstreamParts, "hub" | "stream">;
  #publisher: LivePublisher | undefined;
  #config: Config | undefined;
  #session: string | undefined;
  #sequence = 0;
  #run = 0;
  /** Frames of the newest fragment that were published. */
  #seen = new Set<string>();
  /** A connection is new: what it begins with may have been published. */
  #joining = false;

  constructor(parts: Pick<UpstreamParts, "hub" | "stream">) {
    this.#parts = parts;
  }

  connected(): void {
    this.#joining = true;
    this.#config = undefined;
  }

  end(): void {
    this.#publisher?.close();
    this.#publisher = undefined;
    this.#seen.clear();
  }

  text(text: string): void {
    const message = JSON.parse(text) as Config;
    if (message.type === "config") this.#config = message;
    // What is left out cannot be decoded over: as when a producer connects again.
    else if (message.type === "offline" || message.type === "lost") this.end();
  }

  frame(bytes: Uint8Array): void {
    const read = readFrameMessage(bytes);
    if (read === undefined) return;
    const key = `${read.track} ${read.timeUs}`;
    if (this.#joining && !this.#joins(read, key)) return;
    if (this.#config !== undefined) this.#timeline(this.#config);
    this.#config = undefined;
    if (read.sequence !== this.#sequence || read.run !== this.#run) this.#fragment(read);
    this.#seen.add(key);
    const { track, timeUs, durationUs, payload, receivedMs } = read;
    const duration = durationUs === undefined ? {} : { durationUs };
    const frame = { track, timeUs: micros(timeUs), key: read.key, ...duration };
    this.#publisher?.frame({ ...frame, payload: Rope.of(payload) }, millis(receivedMs));
  }

  /** False: this frame was published before. */
  #joins(read: ReadFrame, key: string): boolean {
    const same = this.#publisher !== undefined && this.#config?.session === this.#session;
    if (same && read.sequence < this.#sequence) return false;
    if (same && read.sequence === this.#sequence && this.#seen.has(key)) {
      // It goes on where it broke off.
      this.#told = true;
      return false;
    }
    this.#joining = false;
    if (same && this.#told) this.#config = undefined;
    else this.end();
    this.#told = false;
    return true;
  }

  /** A frame of this connection had been published: nothing is missing after it. */
  #told = false;

  #timeline(config: Config): void {
    if (this.#publisher === undefined || config.session !== this.#session) {
      this.end();
      this.#session = config.session ?? "";
      this.#publisher = this.#parts.hub.open(this.#parts.stream, this.#session);
    }
    this.#publisher.tracks(trackSetOf(config));
    this.#sequence = 0;
  }

  #fragment({ sequence, run, receivedMs }: ReadFrame): void {
    // Only a fragment whose beginning came over one connection is whole.
    const whole = this.#sequence > 0;
    this.#publisher?.fragment({ sequence, receivedMs: millis(receivedMs), salt: 0 }, run, whole);
    [this.#sequence, this.#run] = [sequence, run];
    this.#seen.clear();
  }
}

function trackSetOf({ timestampScaleNs = 0, tracksElement = "" }: Config): TrackSet {
  const element = new Uint8Array(Buffer.from(tracksElement, "base64"));
  const [tracks] = children(element, 0, 1);
  return {
    tracks: readTracks(tracks?.payload ?? new Uint8Array(0), 0, MAX_TRACKS),
    timestampScaleNs,
    tracksElement: element,
  };
}
