/** One camera: a source's frames through a producer, with what is to be known of it at any moment. */
import type { Clock } from "../../../src/base/clock.ts";
import { asFault, type Fault } from "../../../src/base/errors.ts";
import type { Track } from "../../../src/media/track.ts";
import type { Outcome, ProducerEvent, TokenProvider } from "../events.ts";
import type { FragmentStore } from "../fragment-store.ts";
import { Producer } from "../producer.ts";
import type { Transport } from "../transport.ts";
import type { Source, SourceItem } from "./source.ts";

export type CameraState = "starting" | "live" | "no source" | "no server" | "ended" | "failed";

export interface CameraView {
  readonly stream: string;
  readonly state: CameraState;
  /** Why it is not live. */
  readonly reason: string | undefined;
  /** Pictures (of sound alone: packets) taken from the source so far. */
  readonly pictures: number;
  readonly bytes: number;
  /** Frames put into the stream so far. */
  readonly frames: number;
  /** Media that is not durable yet, µs; fragments of it. */
  readonly bufferedUs: number;
  readonly waiting: number;
  /** Start of the newest durable fragment, ms since the Unix epoch. */
  readonly persistedMs: number | undefined;
  /** Frames that were given up, and fragments that were refused for good. */
  readonly lost: number;
  /** Why media is in memory alone although it should be kept. */
  readonly notKept: string | undefined;
  /** What of the source is left out, and why. */
  readonly note: string | undefined;
}

export interface CameraOptions {
  readonly stream: string;
  readonly url: string;
  readonly create: boolean;
  readonly source: Source;
  /** The source comes in real time: it is never made to wait. */
  readonly paced: boolean;
  readonly clock: Clock;
  readonly transport?: Transport;
  /** Keeps what is not durable beyond the end of this process. */
  readonly store?: FragmentStore;
  readonly token?: TokenProvider;
  /** As a producer's. */
  readonly maxBufferMs?: number;
  readonly maxBufferBytes?: number;
  /** Called after each change of state and for each loss. */
  readonly changed: (view: CameraView) => void;
}

/** How a camera's run ended. */
export interface CameraEnd {
  /** What ended the source; `undefined`: it was over. */
  readonly fault: Fault | undefined;
  /** Fragments that are not durable… */
  readonly missing: number;
  /** …and of them those that the next camera with the same store will not send. */
  readonly lost: number;
}

/** So long all that was sent may take to become durable at the end. */
const END_MS = 10_000;
/** A source that is faster than the server waits beyond this, bytes. */
const AHEAD_BYTES = 16 << 20;

const NOTHING: Outcome = {
  ...{ durable: 0, waiting: 0, kept: 0, refused: 0, dropped: 0, waitingUs: 0, lostUs: 0 },
};

export class Camera {
  readonly #options: CameraOptions;
  #producer: Producer | undefined;
  #tracks = "";
  #counted = 0;
  #sourceReason: string | undefined;
  #serverReason: string | undefined;
  #over: "ended" | "failed" | undefined;
  #pictures = 0;
  #bytes = 0;
  /** Of a producer that has ended. */
  #frames = 0;
  #outcome: Outcome = NOTHING;
  /** Frames that were given up. */
  #lost = 0;
  #persistedMs: number | undefined;
  #notKept: string | undefined;
  #note: string | undefined;
  #begun = false;
  #wake = () => {};

  constructor(options: CameraOptions) {
    this.#options = options;
  }

  get view(): CameraView {
    const state = this.#state();
    const reason = state === "no server" ? this.#serverReason : this.#sourceReason;
    return {
      ...{ stream: this.#options.stream, state, pictures: this.#pictures, bytes: this.#bytes },
      ...{ reason: state === "live" || state === "ended" ? undefined : reason },
      ...{ frames: this.#producer?.stats.frames ?? this.#frames, lost: this.#allLost },
      bufferedUs: this.#producer?.stats.waitingUs ?? 0,
      waiting: this.#producer?.stats.waiting ?? this.#outcome.waiting,
      persistedMs: this.#persistedMs,
      ...{ notKept: this.#notKept, note: this.#note },
    };
  }

  /** Resolves when the source is over and the fate of its media known. Never throws. */
  async run(): Promise<CameraEnd> {
    let fault: Fault | undefined;
    try {
      // What an earlier process left does not wait for the camera.
      if (this.#options.store !== undefined) this.#connect([]);
      for await (const item of this.#options.source) await this.#take(item);
    } catch (error) {
      fault = asFault(error);
    }
    await this.#end();
    const why = fault === undefined ? "" : `${fault.message} [${fault.code}]`;
    const reason = [why, missingWords(this.#outcome)].filter((words) => words !== "").join("; ");
    this.#over = reason === "" ? "ended" : "failed";
    if (reason !== "") this.#sourceReason = reason;
    this.#tell();
    const { waiting, kept, refused, dropped } = this.#outcome;
    const lost = refused + dropped;
    return { fault, missing: lost + waiting, lost: lost + waiting - kept };
  }

  get #allLost(): number {
    return this.#lost + (this.#producer?.stats.refused ?? this.#outcome.refused);
  }

  #state(): CameraState {
    if (this.#over !== undefined) return this.#over;
    if (this.#sourceReason !== undefined) return "no source";
    if (this.#serverReason !== undefined) return "no server";
    return this.#begun && this.#producer?.stats.connected ? "live" : "starting";
  }

  async #take(item: SourceItem): Promise<void> {
    if (item.kind === "trouble") {
      const seconds = (item.retryMs / 1000).toFixed(1);
      this.#sourceReason = `${item.reason}; next try in ${seconds} s`;
      this.#tell();
    } else if (item.kind === "tracks") {
      this.#note = item.note;
      this.#begin(item.tracks);
    } else {
      const { track, payload, timeUs, key } = item.frame;
      this.#bytes += payload.length;
      if (track === this.#counted) this.#pictures++;
      this.#producer?.putFrame({ track, data: payload.toBytes(), timestampUs: timeUs, key });
      const isNews = !this.#begun || this.#sourceReason !== undefined;
      this.#begun = true;
      this.#sourceReason = undefined;
      if (isNews) this.#tell();
      await this.#room();
    }
  }

  /** What a paced source gives and does not fit is dropped by the producer. */
  async #room(): Promise<void> {
    if (this.#options.paced) return;
    while ((this.#producer?.stats.waitingBytes ?? 0) > AHEAD_BYTES)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  /** After a restart with the same tracks nothing changes; other tracks are announced. */
  #begin(tracks: readonly Track[]): void {
    const text = JSON.stringify(tracks, (_key, value: unknown) =>
      value instanceof Uint8Array ? [...value] : value,
    );
    if (text === this.#tracks) return;
    this.#tracks = text;
    this.#counted = (tracks.find((track) => track.type === "video") ?? tracks[0])?.number ?? 0;
    if (this.#producer === undefined) this.#connect(tracks);
    else this.#producer.setTracks(tracks);
  }

  #connect(tracks: readonly Track[]): void {
    const { url, stream, create, clock, transport, store, token } = this.#options;
    const { maxBufferMs, maxBufferBytes } = this.#options;
    const given = {
      ...(maxBufferMs === undefined ? {} : { maxBufferMs }),
      ...(maxBufferBytes === undefined ? {} : { maxBufferBytes }),
      ...(transport === undefined ? {} : { transport }),
      ...(store === undefined ? {} : { store }),
      ...(token === undefined ? {} : { token }),
    };
    this.#producer = new Producer({ url, stream, create, tracks, clock, ...given });
    this.#producer.on((event) => this.#heard(event));
  }

  async #end(): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined) return;
    this.#outcome = await producer.end(END_MS);
    this.#frames = producer.stats.frames;
    this.#producer = undefined;
  }

  #heard(event: ProducerEvent): void {
    if (event.kind === "persisted")
      this.#persistedMs = Math.max(event.timecodeMs, this.#persistedMs ?? 0);
    if (event.kind === "connected") this.#serverReason = undefined;
    if (event.kind === "disconnected")
      this.#serverReason = `${event.reason}; next try in ${(event.retryMs / 1000).toFixed(1)} s`;
    // How many there were in one of an earlier process is not known before it is read.
    if (event.kind === "dropped") this.#lost += Math.max(1, event.frames);
    if (event.kind === "not-kept") this.#notKept = event.message;
    this.#wake();
    if (event.kind !== "persisted" && event.kind !== "ack") this.#tell();
  }

  #tell(): void {
    this.#options.changed(this.view);
  }
}

/** What is not durable, in words; "" when all is. */
export function missingWords({ waiting, kept, refused, dropped }: Outcome): string {
  const said: readonly (readonly [number, string])[] = [
    [refused, "refused by the server"],
    [dropped, "given up: the buffer was full, or lost them"],
    [kept, "not at the server yet, kept for the next start"],
    [waiting - kept, "not at the server and lost"],
  ];
  return said
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${count === 1 ? "fragment" : "fragments"} ${words}`)
    .join("; ");
}
