/** Events and webhooks of a server, put together over one index. */
import type { EventSource } from "../../archive/events.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { SessionWatch } from "../../ingest/ingest.ts";
import { EventHead } from "./event-head.ts";
import type { EventIndex } from "./event-index.ts";
import { EventKeeper } from "./event-keeper.ts";
import type { EventMeters } from "./event-meters.ts";
import { Poster } from "./hook-request.ts";
import { Hooks } from "./hooks.ts";
import { Outbox } from "./outbox.ts";
import { Presence } from "./presence.ts";

export interface EventServiceParts {
  readonly index: EventIndex;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meters: EventMeters;
  /** Names this process among those on the index. */
  readonly node: string;
  /** Hooks may go to private addresses. */
  readonly allowPrivate: boolean;
}

export interface EventService {
  readonly index: EventIndex;
  readonly head: EventHead;
  readonly hooks: Hooks;
  /** For others who tell somebody of something; under the rules of hooks. */
  readonly poster: Poster;
  /** For the archive. */
  readonly source: EventSource;
  /** How many wait to be written. */
  readonly waiting: number;
  /** For ingest. */
  readonly presence: SessionWatch;
  /** Call when the last session has ended and before the index is closed. */
  close(): Promise<void>;
}

/** Begins to deliver. Throws `index.unavailable`. */
export async function openEvents(parts: EventServiceParts): Promise<EventService> {
  const { index, clock, log, meters, node, allowPrivate } = parts;
  const head = new EventHead(index, clock);
  const outbox = await Outbox.open({ index, clock, log, meters, written: () => head.wake() });
  const tell = outbox.tell.bind(outbox);
  const keeper = new EventKeeper({ index, clock, log, meters, tell });
  const poster = new Poster({ clock, allowPrivate });
  const hooks = await Hooks.open({
    ...{ index, head, poster, clock, log, meters, node, allowPrivate },
    random: Math.random,
    catchUp: (hook, at) => keeper.catchUp(hook, at),
    changed: (rows) => outbox.hooksChanged(rows),
  });
  keeper.start();
  const presence = new Presence({ clock, tell });
  const close = async () => {
    presence.close();
    await outbox.close();
    await hooks.close();
    await keeper.close();
    poster.close();
  };
  return {
    ...{ index, head, hooks, poster, source: outbox, presence, close },
    get waiting() {
      return outbox.waiting;
    },
  };
}
