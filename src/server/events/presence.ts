/**
 * Which streams have a producer, told as events. A stream is online with its first producer; it is offline when the last one has
 * been gone for the grace time, so that a reconnect tells nothing. Counts this node's own producers only.
 */
import { presenceEvent } from "../../archive/events.ts";
import type { NewEvent } from "../../archive/index/index-events.ts";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import type { SessionWatch } from "../../ingest/ingest.ts";
import type { Around } from "./outbox.ts";
import type { PresenceRecords } from "./presence-records.ts";

export interface PresenceParts {
  readonly clock: Clock;
  /** Default 10 s. */
  readonly graceMs?: number;
  readonly records?: PresenceRecords;
  tell(event: NewEvent, around?: Around): void;
}

interface Present {
  readonly sinceMs: number;
  producers: number;
  /** When the last one went. */
  leftMs: number;
  cancel: CancelTimer;
}

export class Presence implements SessionWatch {
  readonly #parts: PresenceParts;
  readonly #graceMs: number;
  readonly #streams = new Map<string, Present>();

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#graceMs = parts.graceMs ?? 10_000;
  }

  began(stream: string, session: string): void {
    const known = this.#streams.get(stream);
    if (known !== undefined) {
      known.cancel();
      known.producers++;
      return;
    }
    const sinceMs = this.#parts.clock.now();
    this.#streams.set(stream, { sinceMs, producers: 1, leftMs: sinceMs, cancel: () => {} });
    const { tell, records } = this.#parts;
    const around = records?.online(stream, session, sinceMs);
    tell(presenceEvent("stream.online", stream, sinceMs, { session }), around);
  }

  ended(stream: string, _session: string, reason: string | undefined): void {
    const present = this.#streams.get(stream);
    if (present === undefined) return;
    present.producers--;
    present.leftMs = this.#parts.clock.now();
    if (present.producers > 0) return;
    present.cancel = this.#parts.clock.after(this.#graceMs, () => this.#gone(stream, reason));
  }

  /** The server stops: all that are online are told offline. Call when the sessions have ended. */
  close(): void {
    for (const [stream, { cancel }] of [...this.#streams]) {
      cancel();
      this.#gone(stream, "server.closing");
    }
  }

  #gone(stream: string, reason: string | undefined): void {
    const { clock, tell, records } = this.#parts;
    const present = this.#streams.get(stream);
    if (present === undefined) return;
    this.#streams.delete(stream);
    const { sinceMs, leftMs } = present;
    tell(
      presenceEvent("stream.offline", stream, clock.now(), {
        onlineSinceMs: sinceMs,
        lastSeenMs: leftMs,
        reason,
      }),
      records?.offline(stream),
    );
  }
}
