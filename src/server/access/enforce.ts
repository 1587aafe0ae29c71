/** Asks of every request who sends it, before its handler runs. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Guard, Principal, RequestHead } from "./guard.ts";
import { ANONYMOUS } from "./open-guard.ts";
import { endWith } from "./revocations.ts";
import { type RouteAccess, RULES, SAYS_WHO } from "./rules.ts";
import { namedTime } from "./window.ts";

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
    const { name: stream } = req.params as { name?: string };
    if (rule === "seen" && req.principal.may("produce", { stream })) return;
    const ownWindow = req.routeOptions.config.window === "own";
    const named = ownWindow
      ? req.principal.window
      : namedTime(key ?? "", req.query as Readonly<Record<string, unknown>>);
    req.principal.require(rule === "seen" ? "read" : rule, { stream, range: named });
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
