/**
 * Which streams are online, written down: a record per stream and node from before its `stream.online` is written until after its
 * `stream.offline` is. What is there at a start was online when the last process died, and is told offline then. Events may come
 * twice, and none is missing.
 */
import { presenceEvent } from "../../archive/events.ts";
import type { Clock } from "../../base/clock.ts";
import { millis } from "../../base/units.ts";
import type { EventIndex } from "./event-index.ts";
import type { Around } from "./outbox.ts";

const KIND = "online";
const PAGE = 500;

export interface PresenceRecordsParts {
  readonly index: Pick<EventIndex, "records" | "putRecord" | "deleteRecord" | "extent">;
  readonly clock: Clock;
  /** Its own streams only. */
  readonly node: string;
}

/** JSON of a record. */
interface Online {
  readonly session: string;
  readonly sinceMs: number;
  /** Its event is written. */
  readonly told: boolean;
}

type Tell = (event: ReturnType<typeof presenceEvent>, around: Around) => void;

export class PresenceRecords {
  readonly #parts: PresenceRecordsParts;

  constructor(parts: PresenceRecordsParts) {
    this.#parts = parts;
  }

  /** Around the event that says it. */
  online(stream: string, session: string, sinceMs: number): Around {
    const put = (told: boolean) => this.#put(stream, { session, sinceMs, told });
    return { before: () => put(false), after: () => put(true) };
  }

  offline(stream: string): Around {
    return { after: () => this.#parts.index.deleteRecord(KIND, this.#id(stream)) };
  }

  /** Of a process that died. Call before anything is online here. Throws `index.unavailable`. */
  async tellDead(tell: Tell): Promise<void> {
    const { index, clock } = this.#parts;
    const own = this.#id("");
    for (let after = own; ; ) {
      const rows = await index.records(KIND, after, PAGE);
      for (const { id, body } of rows) {
        if (!id.startsWith(own)) return;
        const stream = id.slice(own.length);
        const { session, sinceMs, told } = JSON.parse(body) as Online;
        if (!told) tell(presenceEvent("stream.online", stream, millis(sinceMs), { session }), {});
        const lastSeenMs = Math.max(sinceMs, (await index.extent(stream))?.receivedLastMs ?? 0);
        const said = { onlineSinceMs: sinceMs, lastSeenMs, reason: "server.died" };
        tell(presenceEvent("stream.offline", stream, clock.now(), said), this.offline(stream));
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  #put(stream: string, online: Online): Promise<number> {
    return this.#parts.index.putRecord({
      ...{ kind: KIND, id: this.#id(stream), body: JSON.stringify(online) },
    });
  }

  /** No node's name has a slash. */
  #id(stream: string): string {
    return `${this.#parts.node}/${stream}`;
  }
}
