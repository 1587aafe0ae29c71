/** All producer connections of a server. Opens sessions and ends them when the server stops. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type Meters, noMeters } from "../base/meters.ts";
import type { FragmentSink, StoredFragment } from "../fragment/fragment.ts";
import { formatFragmentNumber } from "../fragment/fragment-number.ts";
import type { FragmentLimits } from "../fragment/limits.ts";
import type { LiveSink } from "../fragment/live.ts";
import { crc32 } from "../native/crc32.ts";
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
  /** The producer wants ARCHIVED acks too. */
  readonly archivedAcks?: boolean;
}

export class Ingest {
  readonly #parts: IngestParts;
  readonly #sessions = new Set<IngestSession>();
  #closing = false;

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  /** How many producers are connected. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Throws `stream.not-found`, `server.closing`. */
  async open({ stream, startNs, transport, archivedAcks }: OpenOptions): Promise<IngestSession> {
    const { sink, live, clock, limits = {}, meters = noMeters, watch } = this.#parts;
    if (this.#closing) throw new Fault("server.closing", "the server is stopping");
    const id = randomUUID();
    const recording = await sink.open({
      ...{ stream, session: id },
      ...(archivedAcks ? { archived: (stored) => tellArchived(transport, stored) } : {}),
    });
    const log = this.#parts.log.child({ stream, session: id });
    const publisher = live.open(stream, id);
    const session = new IngestSession({
      ...{ stream, id, startNs, recording, live: publisher, transport, clock, log, limits, crc32 },
      meters,
    });
    this.#sessions.add(session);
    meters.session(1);
    watch?.began(stream, id);
    session.done.then(
      () => {
        this.#sessions.delete(session);
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
    const ending = [...this.#sessions].filter((session) => session.stream === stream);
    for (const session of ending) session.shutDown(why);
    await Promise.all(ending.map((session) => session.done));
  }

  /** Ends every session with an ERROR ack, and waits until all that was received is decided. */
  async close(): Promise<void> {
    this.#closing = true;
    const sessions = [...this.#sessions];
    for (const session of sessions) session.shutDown();
    await Promise.all(sessions.map((session) => session.done));
  }
}

function tellArchived(transport: SessionTransport, stored: readonly StoredFragment[]): void {
  for (const { info } of stored)
    transport.send({ type: "ARCHIVED", number: formatFragmentNumber(info.number) });
}
