/** `/v1/events`: what happened, by poll and as a stream. docs/reference/events.md. */
import type { FastifyInstance } from "fastify";
import type { EventType } from "../../archive/index/index-events.ts";
import { Fault } from "../../base/errors.ts";
import { streamEvents } from "../events/event-stream.ts";
import { eventView } from "../events/event-view.ts";
import { EVENT_TYPES, hookFilter, isStreamPattern } from "../events/hook-filter.ts";
import type { Parts } from "../parts.ts";

type Query = Readonly<Record<string, unknown>>;

const MAX_LIMIT = 1000;
/** Open streams of events. */
const MAX_STREAMS = 100;

export function eventRoutes(
  app: FastifyInstance,
  { events, clock }: Pick<Parts, "events" | "clock">,
): void {
  const { index, head } = events;
  app.get<{ Querystring: Query }>("/v1/events", async (req) => {
    only(req.query, ["after", "limit"]);
    const after = whole(req.query.after ?? "0", "after", Number.MAX_SAFE_INTEGER);
    const limit = whole(req.query.limit ?? "100", "limit", MAX_LIMIT);
    if (limit === 0) throw new Fault("request.bad", "limit: from 1 to 1000");
    const lastId = await index.lastEventId();
    const rows = await index.events(after, limit);
    return { events: rows.map(eventView), nextAfter: rows.at(-1)?.id ?? after, lastId };
  });
  const closing = new AbortController();
  let open = 0;
  app.addHook("preClose", async () => closing.abort());
  app.get<{ Querystring: Query }>("/v1/events/stream", async (req, reply) => {
    only(req.query, ["after", "types", "streams"]);
    const filter = wanted(req.query);
    const from = req.headers["last-event-id"] ?? req.query.after;
    const after = from === undefined ? await index.lastEventId() : whole(from, "after");
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

function wanted({ types = "", streams = "*" }: Query): ReturnType<typeof hookFilter> {
  const names = String(types).split(",").filter(Boolean);
  const known: readonly string[] = EVENT_TYPES;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Fault("request.bad", `types: there is no ${unknown}`);
  if (typeof streams !== "string" || !isStreamPattern(streams))
    throw new Fault("request.bad", "streams: a stream's name, with * for any characters");
  return hookFilter({ types: names as EventType[], streams });
}

function only(query: Query, known: readonly string[]): void {
  const unknown = Object.keys(query).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Fault("request.bad", `unknown parameter ${unknown}`);
}

function whole(value: unknown, name: string, max = Number.MAX_SAFE_INTEGER): number {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : -1;
  if (number >= 0 && number <= max) return number;
  throw new Fault("request.bad", `${name}: a whole number from 0 to ${max}`);
}
