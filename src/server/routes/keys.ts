/** Access keys, and short sessions made with them. docs/reference/access.md. */
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import { parseTime } from "../../play/time.ts";
import { headOf } from "../access/enforce.ts";
import type { Action } from "../access/guard.ts";
import { API_SESSION } from "../access/key-guard.ts";
import type { AccessKeys } from "../access/keys.ts";
import type { Parts } from "../parts.ts";

const ACTIONS = ["produce", "read", "manage"] as const;
/** Longest life of a session, s. */
const MAX_SESSION_S = 43_200;

const time = { type: ["string", "integer"] } as const;
const actions = {
  ...{ type: "array", minItems: 1, maxItems: 3, uniqueItems: true },
  items: { type: "string", enum: ACTIONS },
} as const;
const streams = {
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

const sessionSchema = {
  body: {
    type: "object",
    required: ["actions", "streams"],
    additionalProperties: false,
    properties: {
      actions,
      streams,
      seconds: { type: "integer", minimum: 1, maximum: MAX_SESSION_S },
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

interface SessionBody {
  readonly actions: readonly Action[];
  readonly streams: string;
  readonly seconds?: number;
}

export function keyRoutes(app: FastifyInstance, parts: Parts): void {
  const { guard, sessions, clock } = parts;
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
  app.get("/v1/session", async (req) => {
    const { id, expiresMs } = await guard.identify(headOf(req));
    return { id, ...(expiresMs === undefined ? {} : { expiresMs }) };
  });
  app.post<{ Body: SessionBody }>("/v1/session", { schema: sessionSchema }, async (req, reply) => {
    const { actions: wanted, streams: stream, seconds = 3600 } = req.body;
    const principal = await guard.identify(headOf(req));
    // A pattern is a name to a key that has the same or a wider one.
    for (const action of wanted) principal.require(action, stream === "*" ? {} : { stream });
    const least = Math.min(clock.now() + seconds * 1000, principal.expiresMs ?? Infinity);
    const data = { actions: wanted, id: principal.id };
    const token = sessions.issue({ purpose: API_SESSION, stream, expiresMs: least, data });
    reply.code(201).header("cache-control", "no-store");
    // As the AWS SDKs name them: they sign with these.
    const credentials = { ...sessions.credentials(token), sessionToken: token };
    return { token, expiresMs: least, credentials };
  });
}

function keysOf({ keys }: Parts): AccessKeys {
  if (keys !== undefined) return keys;
  throw new Fault("request.no-route", "there are no keys: the server runs with --auth off");
}

function ms(name: string, value: string | number | undefined): object {
  return value === undefined ? {} : { [name]: parseTime(String(value)) };
}
