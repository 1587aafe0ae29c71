/** `/metrics`, in the text format of Prometheus. */
import type { FastifyInstance } from "fastify";
import type { Parts } from "../parts.ts";

export function metricsRoutes(app: FastifyInstance, { metrics }: Pick<Parts, "metrics">): void {
  app.get("/metrics", async (_req, reply) =>
    reply.type(metrics.contentType).send(await metrics.page()),
  );
}
