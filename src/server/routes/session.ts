/** Who asks; signing in and out on a page; short tokens made of what one has. docs/reference/access.md. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import { headOf } from "../access/enforce.ts";
import type { Action, Principal } from "../access/guard.ts";
import { API_SESSION, type SessionData } from "../access/key-guard.ts";
import { PASSWORD_CHARACTERS } from "../access/passwords.ts";
import { isForeignPage, setCookie } from "../access/session-cookie.ts";
import type { PasswordChange, SignedIn, SignIns } from "../access/sign-ins.ts";
import type { Parts } from "../parts.ts";
import { actions, streams } from "./keys.ts";

/** Longest life of a session, s. */
const MAX_SESSION_S = 43_200;

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

const signInSchema = {
  body: {
    type: "object",
    additionalProperties: false,
    properties: {
      name: { type: "string", minLength: 1, maxLength: 256 },
      password: { type: "string", minLength: 1, maxLength: PASSWORD_CHARACTERS.maxLength },
      key: { type: "string", minLength: 1, maxLength: 256 },
    },
  },
} as const;

const passwordSchema = {
  body: {
    type: "object",
    required: ["password", "newPassword"],
    additionalProperties: false,
    properties: {
      password: { type: "string", minLength: 1, maxLength: PASSWORD_CHARACTERS.maxLength },
      newPassword: { type: "string", ...PASSWORD_CHARACTERS },
    },
  },
} as const;

interface SessionBody {
  readonly actions: readonly Action[];
  readonly streams: string;
  readonly seconds?: number;
}

interface SignInBody {
  readonly name?: string;
  readonly password?: string;
  readonly key?: string;
}

/** Who asks, as it is shown. */
export interface SessionView {
  readonly id: string;
  readonly actions: readonly Action[];
  readonly streams: string;
  /** Whether it manages the server. */
  readonly server: boolean;
  /** Whether a sign-out ends it. */
  readonly signedIn: boolean;
  readonly expiresMs?: number;
}

export function sessionRoutes(app: FastifyInstance, parts: Parts): void {
  const { guard } = parts;
  app.get("/v1/session", async (req, reply) => {
    reply.header("cache-control", "no-store");
    return view(await guard.identify(headOf(req)));
  });
  app.post<{ Body: SessionBody }>("/v1/session", { schema: sessionSchema }, async (req, reply) => {
    const principal = await guard.identify(headOf(req));
    const made = await makeSession(parts, principal, req.body);
    return reply.code(201).header("cache-control", "no-store").send(made);
  });
  app.post<{ Body: SignInBody }>("/v1/sign-in", { schema: signInSchema }, async (req, reply) => {
    // A page of elsewhere would sign people in as somebody else.
    if (isForeignPage(req.headers))
      throw new Fault("auth.denied", "pages of this server alone sign in");
    return welcome(parts, { req, reply }, await signIn(signInsOf(parts), req));
  });
  app.post<{ Body: PasswordChange }>(
    "/v1/password",
    { schema: passwordSchema },
    async (req, reply) => {
      const signIns = signInsOf(parts);
      const principal = await guard.identify(headOf(req));
      return welcome(
        parts,
        { req, reply },
        await signIns.changePassword(principal, req.body, req.ip),
      );
    },
  );
  app.post("/v1/sign-out", async (req, reply) => {
    const signIns = signInsOf(parts);
    await signIns.signOut(await guard.identify(headOf(req)));
    return sendCookie(reply, setCookie("", 0, isTls(req)))
      .code(204)
      .send();
  });
}

/** The cookie, and who has it. */
function welcome(
  { clock }: Parts,
  { req, reply }: { req: FastifyRequest; reply: FastifyReply },
  { principal, token, expiresMs }: SignedIn,
): FastifyReply {
  const seconds = (expiresMs - clock.now()) / 1000;
  return sendCookie(reply, setCookie(token, seconds, isTls(req))).send(view(principal));
}

async function makeSession(
  { sessions, clock, accessAudit }: Parts,
  principal: Principal,
  { actions: wanted, streams: stream, seconds = 3600 }: SessionBody,
) {
  const { id, maker, scope } = principal;
  // A pattern is a name to a key that has the same or a wider one.
  const all = stream === "*" && scope.streamsOnly !== true;
  for (const action of wanted) principal.require(action, all ? {} : { stream });
  const expiresMs = Math.min(clock.now() + seconds * 1000, principal.expiresMs ?? Infinity);
  const data: SessionData = {
    ...{ actions: wanted, id },
    ...(scope.streamsOnly === true ? { streamsOnly: true } : {}),
  };
  const from = maker === undefined ? {} : { maker };
  const token = sessions.issue({ purpose: API_SESSION, stream, expiresMs, data, ...from });
  const detail = JSON.stringify({ actions: wanted, streams: stream, expiresMs });
  await accessAudit.add({ action: "session-made", who: id, detail });
  // As the AWS SDKs name them: they sign with these.
  const credentials = { ...sessions.credentials(token), sessionToken: token };
  return { token, expiresMs, credentials };
}

function signIn(signIns: SignIns, req: FastifyRequest<{ Body: SignInBody }>): Promise<SignedIn> {
  const { name, password, key } = req.body;
  if (key !== undefined && name === undefined && password === undefined)
    return signIns.withKey(key, req.ip);
  if (name !== undefined && password !== undefined && key === undefined)
    return signIns.withPassword(name, password, req.ip);
  throw new Fault("request.bad", "give name and password, or a key");
}

function view({ id, scope, maker, expiresMs }: Principal): SessionView {
  return {
    id,
    actions: scope.actions,
    streams: scope.streams,
    server: scope.streams === "*" && scope.actions.includes("manage") && !scope.streamsOnly,
    signedIn: maker?.signIn !== undefined,
    ...(expiresMs === undefined ? {} : { expiresMs }),
  };
}

function sendCookie(reply: FastifyReply, cookie: string): FastifyReply {
  return reply.header("set-cookie", cookie).header("cache-control", "no-store");
}

function isTls(req: FastifyRequest): boolean {
  return req.protocol === "https";
}

function signInsOf({ signIns }: Parts): SignIns {
  if (signIns !== undefined) return signIns;
  throw new Fault("request.no-route", "nobody signs in: the server runs with --auth off");
}
