/**
 * Sends frames to a stream and keeps them until the server has made them durable.
 *
 * Frames go out at once, each as its own piece of a Matroska stream with epoch times. Whole fragments stay in
 * memory until their PERSISTED ack; when the connection breaks, those without one are sent again on the
 * next connection. Knows neither sockets nor clocks: both are given. Not disk-backed yet: what is not
 * acked when the process dies is gone.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import { Rope } from "../../src/base/rope.ts";
import { micros } from "../../src/base/units.ts";
import { MkvWriter } from "../../src/media/mkv/live-writer.ts";
import type { Frame } from "../../src/media/track.ts";
import { type Ack, AckReader } from "./acks.ts";
import { BackOff } from "./back-off.ts";
import { Cutter } from "./cutter.ts";
import type { ProducerEvent, ProducerOptions, ProducerStats, PutFrame } from "./events.ts";
import { FragmentBuffer } from "./fragment-buffer.ts";
import { OutgoingFragment } from "./outgoing-fragment.ts";
import type { Link } from "./transport.ts";
import { putUrl, webSocketTransport } from "./web-socket-transport.ts";

const MAX_BUFFER_BYTES = 64 << 20;
/** Bytes handed to the link and not yet on the network: more only adds delay before a break is noticed. */
const LINK_BYTES = 1 << 20;
/** How soon to look again when the link was full. */
const PUMP_MS = 20;
/** Media was sent and no ack of any kind came for so long: the connection is dead. */
const ACK_TIMEOUT_MS = 30_000;
/** A refusal of this fragment alone; others (5xxx, limits of the connection) mean: try again later. */
const REFUSED = { from: 4000, to: 4999 };

/** One stream's sender. Make it, put frames, end it. */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #clock: Clock;
  readonly #numbers: ReadonlySet<number>;
  readonly #cutter: Cutter;
  readonly #buffer: FragmentBuffer;
  readonly #backOff: BackOff;
  readonly #listeners = new Set<(event: ProducerEvent) => void>();
  readonly #waiters = new Set<() => void>();
  readonly #stats = { frames: 0, persisted: 0, dropped: 0, refused: 0, connections: 0 };
  #link: Link | undefined;
  #open = false;
  #ended = false;
  #acks = new AckReader();
  #heardAt = 0;
  #cancelRetry: CancelTimer = () => {};
  #cancelPump: CancelTimer | undefined;
  #cancelWatch: CancelTimer = () => {};

  /** Connects at once. */
  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#numbers = new Set(options.tracks.map((track) => track.number));
    this.#cutter = new Cutter(options.tracks);
    this.#buffer = new FragmentBuffer(options.maxBufferBytes ?? MAX_BUFFER_BYTES);
    this.#backOff = new BackOff(options.random ?? Math.random);
    this.#connect();
  }

  get stats(): ProducerStats {
    const { length, bytes, spanUs } = this.#buffer;
    const kept = { waiting: length, waitingBytes: bytes, waitingUs: spanUs };
    return { ...this.#stats, ...kept, connected: this.#open };
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
    const open = this.#buffer.last;
    const place = this.#cutter.place(frame, open);
    if (place === "skip") return;
    this.#stats.frames++;
    if (place === "add" && open !== undefined) open.add(frame);
    else {
      open?.seal(false);
      this.#buffer.add(new OutgoingFragment(this.#options.tracks, frame));
    }
    this.#trim();
    this.#pump();
  }

  /**
   * Ends the open fragment and resolves when all that was put is durable, or after `timeoutMs`. Frames
   * that follow should begin with a key frame. Resolves with the number of fragments that are not durable.
   */
  async flush(timeoutMs: number = ACK_TIMEOUT_MS): Promise<number> {
    this.#buffer.last?.seal(true);
    this.#pump();
    let cancel: CancelTimer = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(timeoutMs, resolve);
    });
    let wake = () => {};
    const done = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiters.add(wake);
    if (this.#buffer.length > 0) await Promise.race([done, late]);
    this.#waiters.delete(wake);
    cancel();
    return this.#buffer.length;
  }

  /** Flushes, then closes the connection. Resolves with the number of fragments that are not durable. */
  async end(timeoutMs?: number): Promise<number> {
    this.#ended = true;
    const left = await this.flush(timeoutMs);
    this.#cancelRetry();
    this.#cancelPump?.();
    this.#cancelWatch();
    this.#link?.close();
    this.#link = undefined;
    this.#open = false;
    return left;
  }

  #connect(): void {
    const { url, stream, create = false, transport = webSocketTransport } = this.#options;
    this.#acks = new AckReader();
    this.#stats.connections++;
    const link = transport.connect(putUrl(url, stream, create), {
      opened: () => this.#opened(),
      text: (piece) => this.#text(piece),
      closed: (reason) => this.#lost(reason),
    });
    this.#link = link;
  }

  #opened(): void {
    const { tracks } = this.#options;
    this.#open = true;
    this.#heardAt = this.#clock.elapsed();
    this.#buffer.rewind();
    this.#link?.send(new MkvWriter({ tracks }).header());
    this.#emit({ kind: "connected" });
    this.#watch();
    this.#pump();
  }

  #text(piece: string): void {
    this.#heardAt = this.#clock.elapsed();
    for (const ack of this.#acks.push(piece)) this.#ack(ack);
    if (this.#buffer.length === 0) for (const done of this.#waiters) done();
    if (this.#buffer.length === 0) this.#waiters.clear();
    this.#pump();
  }

  #ack(ack: Ack): void {
    const { type, timecodeMs, fragmentNumber } = ack;
    if (type !== "ERROR") this.#backOff.reset();
    const wanted = this.#options.keepUntil === "received" ? "RECEIVED" : "PERSISTED";
    const durable = type === wanted || type === "PERSISTED";
    if (durable && timecodeMs !== undefined) {
      this.#stats.persisted += this.#buffer.confirm(timecodeMs).length;
      this.#emit({ kind: "persisted", timecodeMs, fragmentNumber });
    } else if (type === "ERROR") this.#refused(ack);
  }

  #refused({ timecodeMs, errorId = 0, errorCode = "unknown" }: Ack): void {
    const ofFragment = errorId >= REFUSED.from && errorId <= REFUSED.to;
    if (ofFragment && timecodeMs !== undefined) {
      if (this.#buffer.refuse(timecodeMs) !== undefined) this.#stats.refused++;
    }
    this.#emit({ kind: "refused", timecodeMs, errorId, errorCode });
    this.#link?.close();
    this.#lost(`the server answered error ${errorId} ${errorCode}`);
  }

  #lost(reason: string): void {
    this.#link = undefined;
    this.#open = false;
    this.#cancelWatch();
    const retryMs = this.#backOff.next();
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(retryMs, () => this.#connect());
    this.#emit({ kind: "disconnected", reason, retryMs });
  }

  /** Sends as much as the link takes. */
  #pump(): void {
    const link = this.#link;
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    if (link === undefined || !this.#open) return;
    while (link.bufferedBytes < LINK_BYTES) {
      const chunk = this.#buffer.next();
      if (chunk === undefined) return;
      link.send(chunk);
    }
    this.#cancelPump = this.#clock.after(PUMP_MS, () => this.#pump());
  }

  #trim(): void {
    for (const { startUs, endUs, frames, bytes } of this.#buffer.trim()) {
      this.#stats.dropped++;
      this.#emit({ kind: "dropped", fromUs: startUs, toUs: endUs, frames, bytes });
    }
  }

  #watch(): void {
    this.#cancelWatch = this.#clock.after(ACK_TIMEOUT_MS / 6, () => {
      const silentMs = this.#clock.elapsed() - this.#heardAt;
      if (this.#buffer.length > 0 && silentMs >= ACK_TIMEOUT_MS) {
        this.#link?.close();
        this.#lost(`no ack for ${Math.round(silentMs / 1000)} s`);
      } else this.#watch();
    });
  }

  #emit(event: ProducerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
