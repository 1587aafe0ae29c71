/** `/v1/users`: people who sign in with a password. docs/reference/access.md. */
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import { PASSWORD_CHARACTERS } from "../access/passwords.ts";
import { type NewUser, ROLES, type UserChange, type Users } from "../access/users.ts";
import type { Parts } from "../parts.ts";
import { callerOf } from "./caller.ts";
import { streams } from "./keys.ts";

const role = { type: "string", enum: ROLES } as const;
const password = { type: "string", ...PASSWORD_CHARACTERS } as const;
/** Of users' names. */
export const userName = { type: "string", pattern: "^[A-Za-z0-9_.@-]{1,64}$" } as const;

const createSchema = {
  body: {
    type: "object",
    required: ["name", "password", "role"],
    additionalProperties: false,
    properties: { name: userName, password, role, streams },
  },
} as const;

const changeSchema = {
  body: {
    type: "object",
    minProperties: 1,
    additionalProperties: false,
    properties: { password, role, streams },
  },
} as const;

interface ByName {
  readonly Params: { readonly user: string };
}
type CreateBody = Omit<NewUser, "streams"> & Partial<Pick<NewUser, "streams">>;

/** In paths it is not `:name`, which is a stream. */
const PATH = "/v1/users/:user";

export function userRoutes(app: FastifyInstance, parts: Parts): void {
  app.get("/v1/users", async () => ({ users: usersOf(parts).list() }));
  app.post<{ Body: CreateBody }>("/v1/users", { schema: createSchema }, async (req, reply) => {
    const made = await usersOf(parts).create({ streams: "*", ...req.body }, callerOf(req));
    return reply.code(201).send(made);
  });
  app.patch<ByName & { Body: UserChange }>(PATH, { schema: changeSchema }, async (req) =>
    usersOf(parts).change(req.params.user, req.body, callerOf(req)),
  );
  app.delete<ByName>(PATH, async (req, reply) => {
    await usersOf(parts).remove(req.params.user, callerOf(req));
    return reply.code(204).send();
  });
}

function usersOf({ directory }: Parts): Users {
  if (directory !== undefined) return directory.users;
  throw new Fault("request.no-route", "there are no users: the server runs with --auth off");
}
