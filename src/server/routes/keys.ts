/** `/v1/keys`: access keys. docs/reference/access.md. */
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import { parseTime } from "../../play/time.ts";
import type { Action } from "../access/guard.ts";
import type { AccessKeys } from "../access/keys.ts";
import type { Parts } from "../parts.ts";

const ACTIONS = ["produce", "read", "manage"] as const;

const time = { type: ["string", "integer"] } as const;
/** What may be allowed. */
export const actions = {
  ...{ type: "array", minItems: 1, maxItems: 3, uniqueItems: true },
  items: { type: "string", enum: ACTIONS },
} as const;
/** A name, with `*` for any characters. */
export const streams = {
  type: "string",
  minLength: 1,
  maxLength: 256,
  pattern: "^[A-Za-z0-9_.*-]+$",
} as const;

const keySchema = {
  body: {
    type: "object",
    required: ["name", "actions", "streams"],
    additionalProperties: false,
    properties: {
      name: { type: "string", minLength: 1, maxLength: 128 },
      ...{ actions, streams, from: time, to: time, expires: time },
    },
  },
} as const;

interface KeyBody {
  readonly name: string;
  readonly actions: readonly Action[];
  readonly streams: string;
  readonly from?: string | number;
  readonly to?: string | number;
  readonly expires?: string | number;
}

export function keyRoutes(app: FastifyInstance, parts: Parts): void {
  app.get("/v1/keys", async () => ({ keys: keysOf(parts).list() }));
  app.post<{ Body: KeyBody }>("/v1/keys", { schema: keySchema }, async (req, reply) => {
    const { from, to, expires, ...scope } = req.body;
    const made = await keysOf(parts).create(
      { ...scope, ...ms("fromMs", from), ...ms("toMs", to), ...ms("expiresMs", expires) },
      req.principal.id,
    );
    return reply.code(201).header("cache-control", "no-store").send(made);
  });
  app.delete<{ Params: { id: string } }>("/v1/keys/:id", async (req, reply) => {
    await keysOf(parts).remove(req.params.id, req.principal.id);
    return reply.code(204).send();
  });
}

function keysOf({ keys }: Parts): AccessKeys {
  if (keys !== undefined) return keys;
  throw new Fault("request.no-route", "there are no keys: the server runs with --auth off");
}

function ms(name: string, value: string | number | undefined): object {
  return value === undefined ? {} : { [name]: parseTime(String(value)) };
}
