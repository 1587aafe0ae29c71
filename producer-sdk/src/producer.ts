/**
 * Sends frames to a stream and keeps them until the server has made them durable.
 *
 * Frames go out at once, each as its own piece of a Matroska stream with epoch times. Whole fragments stay in memory,
 * or in a store that outlives the process, until their PERSISTED ack; when the connection breaks, those without one
 * are sent again on the next connection. The server knows fragments it has, so nothing is there twice. Knows
 * neither sockets nor clocks nor disks: all are given.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { asFault, Fault } from "../../src/base/errors.ts";
import { Rope } from "../../src/base/rope.ts";
import { micros } from "../../src/base/units.ts";
import type { Frame, Track } from "../../src/media/track.ts";
import type { Ack } from "./acks.ts";
import { Connection } from "./connection.ts";
import { Cutter } from "./cutter.ts";
import type { Outcome, ProducerEvent, ProducerOptions, ProducerStats, PutFrame } from "./events.ts";
import { FragmentBuffer } from "./fragment-buffer.ts";
import { type OutgoingFragment, type OutgoingTracks, outgoingTracks } from "./outgoing-fragment.ts";
import { putUrl, webSocketTransport } from "./web-socket-transport.ts";

const MEMORY_BYTES = 64 << 20;
const WITH_STORE = { memoryBytes: 16 << 20, maxBytes: 4 * 2 ** 30 };
/** How soon to look again when the link was full. */
const PUMP_MS = 20;
const FLUSH_MS = 30_000;
/** A refusal of this fragment alone (docs/formats/acks.md); any other means: try again later. */
const REFUSED: readonly number[] = [4001, 4002, 4004, 4006, 4007, 4009, 4010, 4012];

/** Calls of `flush` that wait: for which fragments, and how to end it. */
interface Waiter {
  readonly until: ReadonlySet<OutgoingFragment>;
  readonly done: () => void;
}

/** One stream's sender. Make it, put frames, end it. */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #clock: Clock;
  readonly #buffer: FragmentBuffer;
  readonly #connection: Connection;
  readonly #listeners = new Set<(event: ProducerEvent) => void>();
  readonly #waiters = new Set<Waiter>();
  readonly #stats = { frames: 0, persisted: 0, dropped: 0, refused: 0, lostUs: 0 };
  #tracks: OutgoingTracks;
  #numbers: ReadonlySet<number>;
  #cutter: Cutter;
  #ended = false;
  #ready: Promise<void>;
  #cancelPump: CancelTimer | undefined;

  /** Connects at once; with a store, when what it keeps is known. Throws `config.bad`. */
  constructor(options: ProducerOptions) {
    const { url, stream, create = false, tracks, clock, store, token } = options;
    this.#options = options;
    this.#clock = clock;
    this.#tracks = outgoingTracks(tracks);
    this.#numbers = numbersOf(tracks);
    this.#cutter = new Cutter(tracks);
    this.#buffer = new FragmentBuffer({
      ...limitsOf(options),
      store,
      loaded: () => this.#pump(),
      notKept: ({ code, message }) => this.#emit({ kind: "not-kept", code, message }),
      lost: (fragment) => {
        this.#dropped(fragment);
        this.#wake();
      },
    });
    this.#connection = new Connection({
      url: putUrl(url, stream, create),
      ...{ clock, token, transport: options.transport ?? webSocketTransport },
      random: options.random ?? Math.random,
      opened: () => this.#opened(),
      ack: (ack) => this.#ack(ack),
      lost: (reason, retryMs) => this.#emit({ kind: "disconnected", reason, retryMs }),
      waiting: () => this.#buffer.length > 0,
    });
    this.#ready = store === undefined ? Promise.resolve() : this.#restore();
    if (store === undefined) this.#connection.connect();
  }

  get stats(): ProducerStats {
    const { length, bytes, lengthUs } = this.#buffer;
    const kept = { waiting: length, waitingBytes: bytes, waitingUs: lengthUs };
    const { open: connected, tries: connections } = this.#connection;
    return { ...this.#stats, ...kept, connected, connections };
  }

  /** Calls `listener` for everything that happens. Returns how to stop that. */
  on(listener: (event: ProducerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes one coded frame, in decode order. Never waits: with the server away, frames are kept up to the
   * buffer's limit. Video before its first key frame is left out. Throws `mkv.unknown-track`,
   * `ingest.bad-timestamp`, `server.closing` (after `end`).
   */
  putFrame({ track, data, timestampUs, key }: PutFrame): void {
    if (this.#ended) throw new Fault("server.closing", "the producer has ended");
    if (!this.#numbers.has(track))
      throw new Fault("mkv.unknown-track", `track ${track} was not declared`);
    if (!Number.isSafeInteger(timestampUs) || timestampUs < 0)
      throw new Fault("ingest.bad-timestamp", `not whole microseconds: ${timestampUs}`);
    const frame: Frame = { track, timeUs: micros(timestampUs), key, payload: Rope.of(data) };
    const place = this.#cutter.place(frame, this.#buffer.last);
    if (place === "skip") return;
    this.#stats.frames++;
    if (place === "add") this.#buffer.extend(frame);
    else {
      // Without a key frame the server would take the next Cluster for more of this one.
      this.#buffer.seal(place === "cut");
      this.#buffer.begin(this.#tracks, frame);
    }
    for (const fragment of this.#buffer.trim()) this.#dropped(fragment);
    this.#wake();
    this.#pump();
  }

  /** Other tracks from here on, on the same connection: another camera mode, a new picture size. */
  setTracks(tracks: readonly Track[]): void {
    this.#buffer.seal(true);
    this.#tracks = outgoingTracks(tracks);
    this.#numbers = numbersOf(tracks);
    this.#cutter = new Cutter(tracks);
    this.#pump();
  }

  /**
   * Ends the open fragment and resolves when the fate of all that was put is known, or after `timeoutMs`, with that
   * fate. Frames that follow should begin with a key frame.
   */
  async flush(timeoutMs: number = FLUSH_MS): Promise<Outcome> {
    this.#buffer.seal(true);
    this.#pump();
    // Before the first look into the store: what is put from now on is not waited for.
    const put = new Set(this.#buffer.all);
    let cancel: CancelTimer = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(timeoutMs, resolve);
    });
    await Promise.race([this.#decided(put), late]);
    cancel();
    return this.#outcome(put);
  }

  /** Resolves when none of these is waiting, nor what an earlier process left. */
  async #decided(put: Set<OutgoingFragment>): Promise<void> {
    await this.#ready;
    for (const fragment of this.#buffer.all) {
      if (put.has(fragment)) break;
      put.add(fragment);
    }
    if (this.#isDecided(put)) return;
    await new Promise<void>((done) => this.#waiters.add({ until: put, done }));
  }

  /** Fragments go in order: what was put later is behind all of these. */
  #isDecided(put: ReadonlySet<OutgoingFragment>): boolean {
    const [oldest] = this.#buffer.all;
    return oldest === undefined || !put.has(oldest);
  }

  #outcome(put: ReadonlySet<OutgoingFragment>): Outcome {
    const waiting = this.#buffer.all.filter((fragment) => put.has(fragment));
    const { persisted, refused, dropped, lostUs } = this.#stats;
    return {
      ...{ durable: persisted, waiting: waiting.length, refused, dropped, lostUs },
      kept: waiting.filter(({ kept }) => kept).length,
      waitingUs: waiting.reduce((sum, { lengthUs }) => sum + lengthUs, 0),
    };
  }

  /**
   * Flushes, then closes the connection. What is waiting then is sent by the next producer that has the store, if it
   * is kept there; otherwise it is lost.
   */
  async end(timeoutMs?: number): Promise<Outcome> {
    this.#ended = true;
    const outcome = await this.flush(timeoutMs);
    this.#cancelPump?.();
    this.#connection.end();
    for (const { done } of this.#waiters) done();
    await this.#ready;
    await this.#options.store?.close();
    return outcome;
  }

  async #restore(): Promise<void> {
    try {
      const kept = (await this.#options.store?.open()) ?? [];
      this.#buffer.restore(kept);
      const bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
      if (kept.length > 0) this.#emit({ kind: "restored", fragments: kept.length, bytes });
    } catch (error) {
      const { code, message } = asFault(error);
      this.#emit({ kind: "not-kept", code, message });
    }
    this.#connection.connect();
  }

  #opened(): void {
    this.#buffer.rewind();
    this.#emit({ kind: "connected" });
    this.#pump();
  }

  #ack(ack: Ack): void {
    const { type, timecodeMs, fragmentNumber, liveOnly } = ack;
    this.#emit({ kind: "ack", ack });
    if (type === "ERROR") {
      this.#refused(ack);
      return;
    }
    this.#connection.proved();
    const isLast = type === "RECEIVED" && (liveOnly || this.#options.keepUntil === "received");
    if ((type === "PERSISTED" || isLast) && timecodeMs !== undefined) {
      this.#stats.persisted += this.#buffer.confirm(timecodeMs).length;
      this.#emit({ kind: "persisted", timecodeMs, fragmentNumber });
    }
    this.#wake();
    this.#pump();
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (!this.#isDecided(waiter.until)) continue;
      this.#waiters.delete(waiter);
      waiter.done();
    }
  }

  #refused({ timecodeMs, errorId = 0, errorCode = "unknown" }: Ack): void {
    const ofFragment = REFUSED.includes(errorId) && timecodeMs !== undefined;
    const fragment = ofFragment ? this.#buffer.refuse(timecodeMs) : undefined;
    if (fragment !== undefined) {
      this.#stats.refused++;
      this.#stats.lostUs += fragment.lengthUs;
    }
    this.#emit({ kind: "refused", timecodeMs, errorId, errorCode });
    this.#connection.drop(`the server answered error ${errorId} ${errorCode}`);
    this.#wake();
  }

  /** Sends as much as the link takes. */
  #pump(): void {
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    if (!this.#connection.open) return;
    while (this.#connection.hasRoom) {
      const chunk = this.#buffer.next();
      if (chunk === undefined) return;
      this.#connection.send(chunk);
    }
    this.#cancelPump = this.#clock.after(PUMP_MS, () => this.#pump());
  }

  #dropped({ startUs, endUs, lengthUs, frames, bytes }: OutgoingFragment): void {
    this.#stats.dropped++;
    this.#stats.lostUs += lengthUs;
    this.#emit({ kind: "dropped", fromUs: startUs, toUs: endUs, frames, bytes });
  }

  #emit(event: ProducerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function numbersOf(tracks: readonly Track[]): ReadonlySet<number> {
  return new Set(tracks.map((track) => track.number));
}

function limitsOf({ store, maxBufferBytes, maxMemoryBytes, maxBufferMs }: ProducerOptions) {
  const [memory, max] =
    store === undefined
      ? [maxBufferBytes ?? MEMORY_BYTES, MEMORY_BYTES]
      : [WITH_STORE.memoryBytes, WITH_STORE.maxBytes];
  if (maxBufferMs !== undefined && !(maxBufferMs > 0))
    throw new Fault("config.bad", `maxBufferMs is not above 0: ${maxBufferMs}`);
  const maxUs = (maxBufferMs ?? Number.POSITIVE_INFINITY) * 1000;
  return { maxBytes: maxBufferBytes ?? max, memoryBytes: maxMemoryBytes ?? memory, maxUs };
}
