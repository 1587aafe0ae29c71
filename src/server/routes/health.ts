/** `/healthz`: the process is alive. `/readyz`: it can record and be asked. */
import type { FastifyInstance } from "fastify";
import type { Parts } from "../parts.ts";

export function healthRoutes(app: FastifyInstance, { readiness }: Pick<Parts, "readiness">): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_req, reply) => {
    const view = await readiness.look();
    return reply
      .header("cache-control", "no-store")
      .code(view.ready ? 200 : 503)
      .send(view);
  });
}
