/**
 * One producer connection, whatever it came over: bytes in, acks out. Puts reader, normaliser and
 * fragmenter in a row, publishes every frame to live viewers at once, and hands whole fragments to the
 * recording. Knows no socket: the transport is told when to pause and when it is over.
 */
import type { CancelTimer, Clock } from "../base/clock.ts";
import { type Crc32, crc32 } from "../base/crc32.ts";
import { asFault, type Fault, serverClosing } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type Meters, noMeters } from "../base/meters.ts";
import type { Millis } from "../base/units.ts";
import type { Recording, SealedFragment } from "../fragment/fragment.ts";
import { type FragmentNumber, formatFragmentNumber } from "../fragment/fragment-number.ts";
import { Fragmenter, type FragmenterEvent } from "../fragment/fragmenter.ts";
import type { FragmentLimits } from "../fragment/limits.ts";
import type { LivePublisher } from "../fragment/live.ts";
import { Normaliser } from "../fragment/normaliser.ts";
import type { MkvItem } from "../media/mkv/items.ts";
import { MkvReader } from "../media/mkv/reader.ts";
import { type Ack, ackErrorId } from "./ack.ts";
import { FragmentAcks } from "./fragment-acks.ts";

export interface SessionLimits {
  /** Bytes taken and not yet durable above which the producer is not read, and below half of which it is again. */
  readonly maxPendingBytes: number;
  /**
   * With nothing arriving for this long what there is of the open fragment is made durable, ms. It is acked when its
   * Cluster is over: an ack names the Cluster, and the producer takes it for the whole.
   */
  readonly idleFlushMs: number;
  /** IDLE acks while nothing arrives, every so many ms. */
  readonly idleAckMs: number;
  /** With nothing arriving for this long the session is ended, ms. */
  readonly idleCloseMs: number;
}

export const SESSION_LIMITS: SessionLimits = {
  maxPendingBytes: 4 << 20,
  idleFlushMs: 1000,
  idleAckMs: 5000,
  idleCloseMs: 30_000,
};

/** What the session asks of its connection. */
export interface SessionTransport {
  send(ack: Ack): void;
  pause(): void;
  resume(): void;
  /** Everything is decided and every ack sent: close. */
  finished(fault: Fault | undefined): void;
}

export interface SessionParts {
  readonly stream: string;
  readonly id: string;
  /** Producer time of timecode 0, ns since the Unix epoch (0 for ABSOLUTE timecodes). */
  readonly startNs: bigint;
  readonly recording: Recording;
  readonly live: LivePublisher;
  readonly transport: SessionTransport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<SessionLimits & FragmentLimits>;
  readonly crc32?: Crc32;
  /** Default: counts nothing. */
  readonly meters?: Meters;
  /** No more is taken. Called once; what was taken may not be decided yet. */
  stopped?(): void;
}

export class IngestSession {
  readonly stream: string;
  readonly id: string;
  readonly #parts: SessionParts;
  readonly #meters: Meters;
  readonly #limits: SessionLimits;
  readonly #reader: MkvReader;
  readonly #normaliser = new Normaliser();
  readonly #fragmenter: Fragmenter;
  #number: FragmentNumber | undefined;
  #timecode: number | undefined;
  #received: string | undefined;
  #persisted: string | undefined;
  /** Of the Cluster whose end has not been seen yet. */
  #clusterTicks: number | undefined;
  /** The body has come to its end. */
  #over = false;
  /** Of the fragment that was sealed last, in the middle of its Cluster. */
  #withheld: FragmentAcks | undefined;
  #fragments = 0;
  #pending = 0;
  #paused = false;
  #ending = false;
  #finished = false;
  #fault: Fault | undefined;
  #lastBytesMs: number;
  #lastIdleAckMs: number;
  /** Server time of the bytes being parsed: read once per `push`. */
  #nowMs: Millis;
  #timer: CancelTimer = () => {};
  readonly #done: Promise<void>;
  #resolveDone: () => void = () => {};

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.stream = parts.stream;
    this.id = parts.id;
    this.#meters = parts.meters ?? noMeters;
    this.#limits = { ...SESSION_LIMITS, ...parts.limits };
    this.#reader = new MkvReader({ crc32: parts.crc32 ?? crc32 });
    const limits = parts.limits ?? {};
    this.#fragmenter = new Fragmenter({ startNs: parts.startNs, limits });
    this.#lastBytesMs = parts.clock.elapsed();
    this.#lastIdleAckMs = this.#lastBytesMs;
    this.#nowMs = parts.clock.now();
    this.#done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.#watchIdle();
  }

  /** Resolves when the session is over and everything it received is decided. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** Why it ended, or undefined when it has not, or ended well. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Numbers of the newest fragment that is whole, and of the newest that is durable. */
  get progress(): { readonly received?: string; readonly persisted?: string } {
    return {
      ...(this.#received === undefined ? {} : { received: this.#received }),
      ...(this.#persisted === undefined ? {} : { persisted: this.#persisted }),
    };
  }

  /** Since its last bytes, ms; 0 while they are not read. */
  get quietMs(): number {
    return this.#paused ? 0 : this.#parts.clock.elapsed() - this.#lastBytesMs;
  }

  /** More of the body, in one or more pieces. They may be kept: do not change them afterwards. Never throws. */
  push(...parts: readonly Uint8Array[]): void {
    this.#take(() => {
      for (const part of parts) this.#reader.push(part);
      this.#drain();
    });
  }

  /** More of a body that is no Matroska itself, as the items that the reader would have given. Instead of `push`. Never throws. */
  accept(items: readonly MkvItem[]): void {
    this.#take(() => {
      for (const item of items) this.#item(item);
    });
  }

  #take(run: () => void): void {
    if (this.#ending) return;
    this.#lastBytesMs = this.#parts.clock.elapsed();
    this.#nowMs = this.#parts.clock.now();
    this.#guard(run);
    const { recording, transport } = this.#parts;
    if (!this.#paused && recording.pendingBytes > this.#limits.maxPendingBytes) {
      this.#paused = true;
      transport.pause();
    }
  }

  /** The body is over. What is whole is stored; a cut element is reported. */
  end(): void {
    if (this.#ending) return;
    // Nothing more will come of the last Cluster: what there is of it is all.
    this.#over = true;
    this.#clusterEnd();
    this.#guard(() => {
      this.#reader.end();
      this.#drain();
    });
    this.#stop();
  }

  /** The connection broke: whole blocks are stored, and there is nobody to tell. */
  abort(): void {
    this.#stop();
  }

  /**
   * The server stops, or takes no more: whole blocks are stored, and the producer is told that its body was not taken to
   * the end, and why.
   */
  shutDown(why = serverClosing()): void {
    if (this.#ending) return;
    this.#fault ??= why;
    this.#stop();
  }

  #stop(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#timer();
    this.#parts.stopped?.();
    this.#sealOpen(this.#fault?.code !== "mkv.bad-crc");
    this.#parts.live.close();
    this.#maybeFinish();
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(asFault(error));
    }
  }

  #fail(fault: Fault): void {
    this.#fault ??= fault;
    this.#parts.log.warn("ingest.refused", {
      code: fault.code,
      message: fault.message,
      at: fault.at,
    });
    this.#parts.recording.failed(fault);
    // A Cluster that does not match its checksum is not kept: nobody knows which of its bytes are wrong.
    if (fault.code === "mkv.bad-crc") this.#fragmenter.discard();
    this.#stop();
  }

  #drain(): void {
    for (let item = this.#reader.pull(); item !== undefined; item = this.#reader.pull())
      this.#item(item);
  }

  #item(item: MkvItem): void {
    if (this.#normaliser.idle && item.kind !== "tracks") this.#fragmenter.accept(item);
    else for (const made of this.#normaliser.accept(item)) this.#fragmenter.accept(made);
    this.#deliver();
    if (item.kind === "cluster") this.#clusterTicks = item.ticks;
    else if (item.kind === "cluster-end") this.#clusterEnd();
  }

  #clusterEnd(): void {
    this.#clusterTicks = undefined;
    const withheld = this.#withheld;
    this.#withheld = undefined;
    withheld?.tell();
  }

  /** `rest`: with what still waits for its configuration. */
  #sealOpen(rest = false): void {
    try {
      if (rest) for (const item of this.#normaliser.finish()) this.#fragmenter.accept(item);
      this.#fragmenter.finish();
      this.#deliver();
    } catch (error) {
      this.#fault ??= asFault(error);
    }
  }

  #deliver(): void {
    for (let event = this.#fragmenter.pull(); event !== undefined; event = this.#fragmenter.pull())
      this.#handle(event);
  }

  #handle(event: FragmenterEvent): void {
    const { live, recording } = this.#parts;
    switch (event.kind) {
      case "frame":
        live.frame(event.frame, this.#nowMs);
        break;
      case "tracks":
        live.tracks(event.trackSet);
        break;
      case "opened": {
        const number = recording.nextNumber();
        this.#number = number;
        this.#timecode = event.timecode;
        live.fragment(number, event.run);
        // Of the rest of a Cluster the producer has been told; it has one name, and one PERSISTED: this one's.
        if (this.#withheld === undefined || event.timecode !== this.#clusterTicks)
          this.#ack("BUFFERING", event.timecode, formatFragmentNumber(number));
        this.#withheld = undefined;
        break;
      }
      case "sealed":
        this.#sealed(event.fragment, event.timecode);
        break;
    }
  }

  #sealed(cut: Extract<FragmenterEvent, { kind: "sealed" }>["fragment"], timecode: number): void {
    const { recording, id } = this.#parts;
    const number = this.#number ?? recording.nextNumber();
    this.#number = undefined;
    this.#timecode = undefined;
    this.#fragments++;
    const acks = new FragmentAcks((type, text) => this.#ack(type, timecode, text));
    // More of this Cluster may come: in its own fragment, under the same name.
    if (timecode === this.#clusterTicks && !this.#over) this.#withheld = acks;
    else acks.tell();
    this.#received = formatFragmentNumber(number);
    acks.add("RECEIVED", this.#received);
    const skewMs = this.#nowMs - cut.info.producedEndUs / 1000;
    this.#meters.fragmentReceived(this.stream, cut.blocks.length, skewMs);
    if (!recording.persists) return;
    const fragment: SealedFragment = { ...cut, info: { ...cut.info, number, session: id } };
    this.#pending++;
    const receivedMs = this.#parts.clock.elapsed();
    recording.append(fragment).then(
      // A fragment that was sent before is the one that is stored: its number is the first one's.
      (stored) => {
        this.#meters.fragmentPersisted(this.stream, this.#parts.clock.elapsed() - receivedMs);
        this.#stored(acks, formatFragmentNumber(stored.info.number));
      },
      (error) => this.#notStored(asFault(error, "store.unavailable")),
    );
  }

  #stored(acks: FragmentAcks, number: string): void {
    this.#pending--;
    if (this.#persisted === undefined || number > this.#persisted) this.#persisted = number;
    acks.add("PERSISTED", number);
    this.#resume();
    this.#maybeFinish();
  }

  #notStored(fault: Fault): void {
    this.#pending--;
    this.#meters.fragmentRefused(fault.code);
    this.#parts.log.error("ingest.not-stored", { code: fault.code, message: fault.message });
    this.#fault ??= fault;
    this.#resume();
    if (this.#ending) this.#maybeFinish();
    else this.#stop();
  }

  #resume(): void {
    const { recording, transport } = this.#parts;
    if (!this.#paused || recording.pendingBytes > this.#limits.maxPendingBytes / 2) return;
    this.#paused = false;
    transport.resume();
  }

  #ack(type: "BUFFERING" | "RECEIVED" | "PERSISTED", timecode: number, number: string): void {
    const liveOnly = type === "RECEIVED" && !this.#parts.recording.persists;
    this.#parts.transport.send({ type, timecode, number, ...(liveOnly ? { liveOnly } : {}) });
  }

  /** Ends the connection once every fragment is decided. */
  #maybeFinish(): void {
    if (!this.#ending || this.#pending > 0 || this.#finished) return;
    this.#finished = true;
    const fault = this.#fault;
    if (fault !== undefined) this.#sendError(fault);
    const { transport, recording, log } = this.#parts;
    log.info("ingest.ended", { fragments: this.#fragments, fault: fault?.code });
    transport.finished(fault);
    recording.close().then(this.#resolveDone, this.#resolveDone);
  }

  #sendError(fault: Fault): void {
    const number = this.#number === undefined ? undefined : formatFragmentNumber(this.#number);
    const { code, message, at } = fault;
    const id = ackErrorId(fault);
    this.#parts.transport.send({
      type: "ERROR",
      id,
      timecode: this.#timecode,
      number,
      code,
      message,
      at,
    });
  }

  #watchIdle(): void {
    const { clock, transport } = this.#parts;
    const step = Math.min(this.#limits.idleFlushMs, 500);
    this.#timer = clock.after(step, () => {
      if (this.#ending) return;
      const now = clock.elapsed();
      const idle = now - this.#lastBytesMs;
      if (!this.#paused && idle >= this.#limits.idleFlushMs) this.#sealOpen();
      if (idle >= this.#limits.idleAckMs && now - this.#lastIdleAckMs >= this.#limits.idleAckMs) {
        this.#lastIdleAckMs = now;
        transport.send({ type: "IDLE", number: this.#persisted });
      }
      if (!this.#paused && idle >= this.#limits.idleCloseMs) this.#stop();
      else this.#watchIdle();
    });
  }
}
