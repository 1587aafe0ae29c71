/** All producer connections of a server. Opens sessions and ends them when the server stops. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { type Fault, type FaultCode, serverClosing } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type Meters, noMeters } from "../base/meters.ts";
import type { Millis } from "../base/units.ts";
import type { FragmentSink, StoredFragment } from "../fragment/fragment.ts";
import { formatFragmentNumber } from "../fragment/fragment-number.ts";
import type { FragmentLimits } from "../fragment/limits.ts";
import type { LiveSink } from "../fragment/live.ts";
import { crc32 } from "../native/crc32.ts";
import { type Producer, type Protocol, type Publisher, Publishers } from "./publishers.ts";
import { IngestSession, type SessionLimits, type SessionTransport } from "./session.ts";

/** Told of producers that come and go. Must not throw. */
export interface SessionWatch {
  began(stream: string, session: string): void;
  /** Everything it sent is decided. `reason`: code of the fault that ended it, if one did. */
  ended(stream: string, session: string, reason: string | undefined): void;
}

export interface IngestParts {
  readonly sink: FragmentSink;
  readonly live: LiveSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<SessionLimits & FragmentLimits>;
  /** Default: counts nothing. */
  readonly meters?: Meters;
  readonly watch?: SessionWatch;
}

export interface OpenOptions {
  readonly stream: string;
  /** Producer time of timecode 0, ns since the Unix epoch (0 for ABSOLUTE timecodes). */
  readonly startNs: bigint;
  readonly transport: SessionTransport;
  readonly producer: Producer;
  /** The same producer has connected again: ends the connection. Default: shuts the session down, which tells it. */
  replaced?(why: Fault): void;
  /** The producer wants ARCHIVED acks too. */
  readonly archivedAcks?: boolean;
}

/** How the newest producer of a stream stands: what acks tell, for those that have none. */
export interface ProducerState {
  readonly protocol: Protocol;
  readonly session: string;
  /** Server times, ms since the Unix epoch. */
  readonly sinceMs: Millis;
  /** It is over, and all it sent is decided. */
  readonly endedMs?: Millis;
  /** Numbers of its newest fragment that is whole, and of its newest that is durable. */
  readonly received?: string;
  readonly persisted?: string;
  /** What ended it, where that was a fault. */
  readonly error?: { readonly code: FaultCode; readonly message: string };
}

type Begun = Pick<ProducerState, "protocol" | "sinceMs">;

/** States of producers that have gone are kept for so many streams. */
const MAX_GONE = 1000;

export class Ingest {
  readonly #parts: IngestParts;
  /** In the order in which they began. */
  readonly #sessions = new Map<IngestSession, Begun>();
  readonly publishers: Publishers;
  /** By stream, the ones that ended last at the end. */
  readonly #gone = new Map<string, ProducerState>();
  #closing = false;

  constructor(parts: IngestParts) {
    this.#parts = parts;
    this.publishers = new Publishers(parts.clock);
  }

  /** How many producers are connected. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Of the newest that is connected, else of the last that was (since the server's start). */
  producer(stream: string): ProducerState | undefined {
    const here = [...this.#sessions].findLast(([session]) => session.stream === stream);
    return here === undefined ? this.#gone.get(stream) : stateOf(...here);
  }

  #over(session: IngestSession, begun: Begun): void {
    const { stream } = session;
    this.#gone.delete(stream);
    this.#gone.set(stream, { ...stateOf(session, begun), endedMs: this.#parts.clock.now() });
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > MAX_GONE && oldest !== undefined) this.#gone.delete(oldest);
    this.#sessions.delete(session);
  }

  /** Throws `ingest.busy`, `stream.not-found`, `server.closing`. */
  async open(options: OpenOptions): Promise<IngestSession> {
    if (this.#closing) throw serverClosing();
    const entry = new Entry(options);
    const leave = this.publishers.enter(options.stream, entry);
    try {
      const session = await this.#open(options, leave);
      entry.opened(session);
      return session;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #open(options: OpenOptions, stopped: () => void): Promise<IngestSession> {
    const { stream, startNs, transport, archivedAcks, producer } = options;
    const { sink, live, clock, limits = {}, meters = noMeters, watch } = this.#parts;
    const id = randomUUID();
    const recording = await sink.open({
      ...{ stream, session: id },
      ...(archivedAcks ? { archived: (stored) => tellArchived(transport, stored) } : {}),
    });
    if (this.#closing) {
      // It stopped while the recording was being opened: nobody would end this session.
      await recording.close();
      throw serverClosing();
    }
    const log = this.#parts.log.child({ stream, session: id });
    const publisher = live.open(stream, id);
    const session = new IngestSession({
      ...{ stream, id, startNs, recording, live: publisher, transport, clock, log, limits, crc32 },
      ...{ meters, stopped },
    });
    const begun = { protocol: producer.protocol, sinceMs: clock.now() };
    this.#sessions.set(session, begun);
    meters.session(1);
    watch?.began(stream, id);
    session.done.then(
      () => {
        this.#over(session, begun);
        meters.session(-1);
        watch?.ended(stream, id, session.fault?.code);
      },
      () => {},
    );
    log.info("ingest.started");
    return session;
  }

  /** Ends the sessions of one stream with an ERROR ack that says why: producers connect again. */
  async endStream(stream: string, why: Fault): Promise<void> {
    const ending = [...this.#sessions.keys()].filter((session) => session.stream === stream);
    for (const session of ending) session.shutDown(why);
    await Promise.all(ending.map((session) => session.done));
  }

  /** Ends every session with an ERROR ack, and waits until all that was received is decided. */
  async close(): Promise<void> {
    this.#closing = true;
    const sessions = [...this.#sessions.keys()];
    for (const session of sessions) session.shutDown();
    await Promise.all(sessions.map((session) => session.done));
  }
}

function stateOf({ id, progress, fault }: IngestSession, begun: Begun): ProducerState {
  const error = fault && { error: { code: fault.code, message: fault.message } };
  return { ...begun, session: id, ...progress, ...error };
}

/** A producer that is let in, and from then on its session. */
class Entry implements Publisher {
  readonly protocol: Producer["protocol"];
  readonly identity: string;
  readonly #replaced: ((why: Fault) => void) | undefined;
  #session: IngestSession | undefined;
  /** It was replaced while its recording was being opened. */
  #why: Fault | undefined;

  constructor({ producer, replaced }: OpenOptions) {
    this.protocol = producer.protocol;
    this.identity = producer.identity;
    this.#replaced = replaced;
  }

  opened(session: IngestSession): void {
    this.#session = session;
    if (this.#why !== undefined) session.shutDown(this.#why);
  }

  quietMs(): number {
    return this.#session?.quietMs ?? 0;
  }

  replace(why: Fault): void {
    this.#why = why;
    if (this.#replaced !== undefined) this.#replaced(why);
    else this.#session?.shutDown(why);
  }
}

function tellArchived(transport: SessionTransport, stored: readonly StoredFragment[]): void {
  for (const { info } of stored)
    transport.send({ type: "ARCHIVED", number: formatFragmentNumber(info.number) });
}
