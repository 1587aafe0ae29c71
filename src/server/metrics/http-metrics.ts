/** HTTP requests by route and status. The route is the pattern (`/v1/streams/:name`), never what was asked for. */
import type { FastifyInstance } from "fastify";
import type { MetricsRegistry } from "./registry.ts";

export function countRequests(app: FastifyInstance, registry: MetricsRegistry): void {
  app.addHook("onResponse", async (req, reply) => {
    const route = req.routeOptions.url ?? "none";
    const status = String(reply.raw.statusCode);
    registry.add("httpRequests", 1, { method: req.method, route, status });
    registry.observe("httpSeconds", reply.elapsedTime / 1000, { route });
  });
}
