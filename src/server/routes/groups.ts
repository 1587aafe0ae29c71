/** `/v1/groups`: where groups of consumers are in their streams. docs/reference/client.md. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ANONYMOUS } from "../access/open-guard.ts";
import type { Asker } from "../groups/consumer-groups.ts";
import type { Parts } from "../parts.ts";
import { audit } from "./caller.ts";

const consumer = { type: "string", minLength: 1, maxLength: 128 } as const;
/** A consumer that has died is missed for no longer than this, ms. */
const MAX_TTL_MS = 600_000;

const claimSchema = {
  body: {
    type: "object",
    required: ["consumer", "ttlMs"],
    additionalProperties: false,
    properties: { consumer, ttlMs: { type: "integer", minimum: 1000, maximum: MAX_TTL_MS } },
  },
} as const;

const checkpointSchema = {
  body: {
    type: "object",
    required: ["consumer", "token"],
    additionalProperties: false,
    properties: { consumer, token: { type: "string", maxLength: 128 } },
  },
} as const;

const releaseSchema = {
  body: {
    type: "object",
    required: ["consumer"],
    additionalProperties: false,
    properties: { consumer },
  },
} as const;

interface Named {
  readonly Params: { readonly group: string; readonly name: string };
}
type With<Body> = Named & { readonly Body: Body };

export function groupRoutes(app: FastifyInstance, parts: Parts): void {
  const { groups } = parts;
  const config = { access: "read" } as const;
  const place = "/v1/groups/:group/streams/:name";
  const of = ({ group, name }: Named["Params"]) => ({ group, stream: name });
  app.get<Named>("/v1/groups/:group", { config }, async ({ params }) => ({
    streams: await groups.list(params.group),
  }));
  app.post<With<{ consumer: string; ttlMs: number }>>(
    `${place}/claim`,
    { config, schema: claimSchema },
    async (req) => groups.claim({ ...of(req.params), ...req.body }, askerOf(req)),
  );
  app.put<With<{ consumer: string; token: string }>>(
    `${place}/checkpoint`,
    { config, schema: checkpointSchema },
    async (req) => groups.checkpoint({ ...of(req.params), ...req.body }, askerOf(req)),
  );
  app.post<With<{ consumer: string }>>(
    `${place}/release`,
    { config, schema: releaseSchema },
    async (req) => groups.release({ ...of(req.params), ...req.body }, askerOf(req)),
  );
  app.delete<Named>(place, { config }, async (req, reply) => {
    const { group, name } = req.params;
    await groups.forget(group, name, askerOf(req));
    await audit(parts, req, { action: "group-forgotten", stream: name, detail: group });
    return reply.code(204).send();
  });
}

/** A session stands for the key that it was made with. */
function askerOf({ principal, params }: FastifyRequest): Asker {
  const stream = (params as Named["Params"]).name;
  const owner = principal === ANONYMOUS ? undefined : principal.id.replace(/^(?:session:)+/, "");
  return { owner, manages: principal.may("manage", { stream }) };
}
