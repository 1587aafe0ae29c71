/** Asks of every request who sends it, before its handler runs. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import type { TimeRange } from "../../fragment/fragment.ts";
import { parseTime, timeRange } from "../../play/time.ts";
import type { Guard, Principal, RequestHead } from "./guard.ts";
import { ANONYMOUS } from "./open-guard.ts";
import { endWith } from "./revocations.ts";
import { type RouteAccess, RULES, SAYS_WHO } from "./rules.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** All there are, as `METHOD path`; HEAD goes with GET. */
    readonly knownRoutes: ReadonlySet<string>;
  }
  interface FastifyRequest {
    /** Who asks; on routes that are `public` anybody. */
    principal: Principal;
  }
}

/** Before any route is added. */
export function enforceAccess(app: FastifyInstance, guard: Guard): void {
  const rules = new Map<string, RouteAccess>();
  const known = new Set<string>();
  app.decorate("knownRoutes", known);
  app.decorateRequest("principal", null as never);
  app.addHook("onRoute", ({ method, url, config }) => {
    for (const one of [method].flat()) {
      const key = `${one === "HEAD" ? "GET" : one} ${url}`;
      const rule = config?.access ?? RULES[key];
      if (rule === undefined) throw new Error(`bug: nothing says who may ask for ${key}`);
      rules.set(key, rule);
      known.add(key);
    }
  });
  app.addHook("onRequest", async (req, reply) => {
    req.principal = ANONYMOUS;
    if (!guard.required) return;
    const key = keyOf(req);
    const rule = key === undefined ? undefined : rules.get(key);
    if (rule === undefined || rule === "public" || rule === "own") return;
    req.principal = await guard.identify(headOf(req));
    endWith(guard, req.principal, reply.raw);
    const { name } = req.params as { name?: string };
    req.principal.require(rule, { stream: name, range: rangeOf(req) });
  });
  app.addHook("preHandler", async (req) => {
    if (!guard.required || !SAYS_WHO.has(keyOf(req) ?? "")) return;
    const who = req.principal.id;
    if (req.method === "DELETE") req.query = { who };
    else req.body = { ...(req.body as object), who };
  });
}

/** What of a request says who sends it. */
export function headOf(req: FastifyRequest): RequestHead {
  return {
    method: req.method,
    url: req.originalUrl.replace(/^https?:\/\/[^/]+/, "") || "/",
    headers: req.headers,
    remoteAddress: req.ip,
  };
}

function keyOf({ method, routeOptions }: FastifyRequest): string | undefined {
  const { url } = routeOptions;
  return url === undefined ? undefined : `${method === "HEAD" ? "GET" : method} ${url}`;
}

/** The producer's time that is asked for, where the query says it whole: keys may be bound to a window. */
function rangeOf({ query }: FastifyRequest): TimeRange | undefined {
  const { from, to, at, clock } = query as Readonly<Record<string, string | undefined>>;
  if (clock !== undefined && clock !== "producer") return undefined;
  try {
    if (from !== undefined && to !== undefined) return timeRange(parseTime(from), parseTime(to));
    if (at === undefined) return undefined;
    const ms = parseTime(at);
    return timeRange(ms, (ms + 1) as typeof ms);
  } catch (error) {
    // The handler says what is wrong with it, to those who may ask.
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
