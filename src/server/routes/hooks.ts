/** `/v1/hooks`: who is told of events. docs/reference/events.md. */
import type { FastifyInstance } from "fastify";
import type { EventType } from "../../archive/index/index-events.ts";
import { EVENT_TYPES } from "../events/hook-filter.ts";
import type { Parts } from "../parts.ts";
import { audit } from "./caller.ts";

interface CreateBody {
  readonly url: string;
  readonly types?: readonly EventType[];
  readonly streams?: string;
  readonly secret?: string;
}

interface ById {
  readonly Params: { readonly id: string };
}

const createSchema = {
  body: {
    type: "object",
    required: ["url"],
    additionalProperties: false,
    properties: {
      url: { type: "string", minLength: 1, maxLength: 2048 },
      types: { type: "array", maxItems: 16, items: { type: "string", enum: EVENT_TYPES } },
      streams: { type: "string", minLength: 1, maxLength: 256 },
      secret: { type: "string", minLength: 16, maxLength: 256 },
    },
  },
} as const;

export function hookRoutes(app: FastifyInstance, parts: Parts): void {
  const { hooks } = parts.events;
  app.get("/v1/hooks", async () => ({ hooks: await hooks.list() }));
  app.post<{ Body: CreateBody }>("/v1/hooks", { schema: createSchema }, async (req, reply) => {
    const { url, types = [], streams = "*", secret } = req.body;
    const made = await hooks.create({ url, types: [...new Set(types)], streams, secret });
    const { id } = made;
    // Of the address its host alone: some carry a secret in their path.
    const detail = JSON.stringify({ id, host: new URL(url).host, types, streams });
    await audit(parts, req, { action: "hook-added", detail });
    return reply.code(201).header("cache-control", "no-store").send(made);
  });
  app.delete<ById>("/v1/hooks/:id", async (req, reply) => {
    await hooks.delete(req.params.id);
    await audit(parts, req, { action: "hook-removed", detail: req.params.id });
    return reply.code(204).send();
  });
  app.post<ById>("/v1/hooks/:id/test", async (req) => hooks.test(req.params.id));
}
