/** Events as Server-Sent Events (HTML standard, 9.2), each with its id, so that a browser goes on where it was by itself. */
import type { ServerResponse } from "node:http";
import type { EventRow } from "../../archive/index/index-events.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import type { EventHead } from "./event-head.ts";
import type { EventIndex } from "./event-index.ts";
import { eventView } from "./event-view.ts";

export interface EventStreamParts {
  readonly index: Pick<EventIndex, "events">;
  readonly head: EventHead;
  readonly clock: Clock;
  /** Ends the stream: the reader is gone, or the server stops. */
  readonly signal: AbortSignal;
  filter(event: EventRow): boolean;
}

const PAGE = 200;
const RETRY_MS = 1000;
/** A comment after so long without events keeps proxies from closing the connection. */
const KEEP_ALIVE_MS = 15_000;

/** Writes events after this one until the signal aborts. A reader that does not read is waited for: it holds one page. */
export async function streamEvents(
  out: ServerResponse,
  after: number,
  { index, head, clock, signal, filter }: EventStreamParts,
): Promise<void> {
  out.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  out.write(": events\n\n");
  const stopAlive = keepAlive(out, clock);
  for (let at = after; !signal.aborted; ) {
    await head.after(at, signal);
    // Read before the events: what is written from here on must not be passed over.
    const last = head.id;
    // While the index is away the reader waits, as for events.
    const rows = await index.events(at, PAGE).catch(() => undefined);
    if (rows === undefined) await sleep(clock, RETRY_MS, signal);
    else {
      const text = rows.filter(filter).map(sseText).join("");
      if (text !== "" && !out.write(text)) await drained(out, signal);
      // Events up to the head may have been purged.
      at = rows.at(-1)?.id ?? Math.max(at, last);
    }
  }
  stopAlive();
  out.end();
}

function sseText(row: EventRow): string {
  return `id: ${row.id}\nevent: ${row.type}\ndata: ${JSON.stringify(eventView(row))}\n\n`;
}

function keepAlive(out: ServerResponse, clock: Clock): () => void {
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(KEEP_ALIVE_MS, () => {
      if (!out.writableNeedDrain) out.write(":\n\n");
      next();
    });
  };
  next();
  return () => cancel();
}

function drained(out: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      out.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    if (signal.aborted) return resolve();
    out.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
