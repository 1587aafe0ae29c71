/** `/v1/events`: what happened, by poll and as a stream. docs/reference/events.md. */
import type { FastifyInstance } from "fastify";
import type { EventType } from "../../archive/index/index-events.ts";
import { Fault } from "../../base/errors.ts";
import { streamEvents } from "../events/event-stream.ts";
import { eventView } from "../events/event-view.ts";
import { EVENT_TYPES, hookFilter, isStreamPattern } from "../events/hook-filter.ts";
import type { Parts } from "../parts.ts";
import { free, type QueryValues, type RawQuery, readQuery, whole } from "./parameters.ts";

const LAST_ID = 999_999_999_999_999;
const LIST = {
  after: whole({ fallback: 0, min: 0, max: LAST_ID }, "later than the event of this id"),
  limit: whole({ fallback: 100, min: 1, max: 1000 }, "at most so many"),
} as const;
const STREAM = {
  after: whole(
    { fallback: undefined, min: 0, max: LAST_ID },
    "later than the event of this id; default: what happens from now on; the header `Last-Event-ID` goes first",
  ),
  types: free("types of events, with commas between; default: all"),
  streams: free("a stream's name, with `*` for any characters; default: all"),
} as const;

/** Open streams of events. */
const MAX_STREAMS = 100;

export function eventRoutes(
  app: FastifyInstance,
  { events, clock }: Pick<Parts, "events" | "clock">,
): void {
  const { index, head } = events;
  type Asked = { Querystring: RawQuery };
  app.get<Asked>("/v1/events", { config: { query: LIST } }, async (req) => {
    const { after, limit } = readQuery(LIST, req.query);
    const lastId = await index.lastEventId();
    const rows = await index.events(after, limit);
    return { events: rows.map(eventView), nextAfter: rows.at(-1)?.id ?? after, lastId };
  });
  const closing = new AbortController();
  let open = 0;
  app.addHook("preClose", async () => closing.abort());
  app.get<Asked>("/v1/events/stream", { config: { query: STREAM } }, async (req, reply) => {
    const asked = readQuery(STREAM, req.query);
    const filter = wanted(asked);
    const seen = req.headers["last-event-id"];
    const from = seen === undefined ? asked.after : STREAM.after.read(String(seen), "after");
    const after = from ?? (await index.lastEventId());
    if (open >= MAX_STREAMS)
      throw new Fault("events.too-many", `${MAX_STREAMS} streams of events are open already`);
    open++;
    const gone = new AbortController();
    req.raw.socket.once("close", () => gone.abort());
    reply.hijack();
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    await streamEvents(reply.raw, after, { index, head, clock, signal, filter }).finally(() => {
      open--;
    });
  });
}

function wanted(asked: QueryValues<typeof STREAM>): ReturnType<typeof hookFilter> {
  const { types = "", streams = "*" } = asked;
  const names = types.split(",").filter(Boolean);
  const known: readonly string[] = EVENT_TYPES;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Fault("request.bad", `types: there is no ${unknown}`);
  if (!isStreamPattern(streams))
    throw new Fault("request.bad", "streams: a stream's name, with * for any characters");
  return hookFilter({ types: names as EventType[], streams });
}
