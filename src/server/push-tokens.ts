/**
 * Push permissions from one secret: the secret itself, which is the stream key for an encoder, or tokens signed with it
 * that name a stream and an end. Nothing is stored: another secret revokes them all.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";
import type { PushAccess, PushGrant } from "../ingest/push-access.ts";
import { sameText } from "./access/same-text.ts";

/** `sb1.<claims>.<HMAC-SHA-256>`, both base64url. */
const VERSION = "sb1";
const MIN_SECRET = 16;

interface Claims {
  /** A stream's name; a `*` at the end stands for anything. */
  readonly stream: string;
  readonly expiresMs: number;
}

export class PushTokens implements PushAccess {
  readonly required = true;
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(secret: string, clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
  }

  /** A token for pushing into `stream` (a `*` at its end stands for anything) until `expiresMs`. */
  issue(stream: string, expiresMs: number): string {
    const claims = Buffer.from(JSON.stringify({ stream, expiresMs })).toString("base64url");
    return `${VERSION}.${claims}.${this.#sign(claims)}`;
  }

  check(stream: string, token: string | undefined): PushGrant {
    if (token === undefined || token === "")
      throw new Fault("auth.required", "this server asks for a key to push");
    if (sameText(token, this.#secret)) return { expiresMs: undefined };
    const { stream: allowed, expiresMs } = this.#claims(token);
    const isAllowed = allowed.endsWith("*")
      ? stream.startsWith(allowed.slice(0, -1))
      : stream === allowed;
    if (!isAllowed) throw new Fault("auth.denied", `the token is not for ${stream}`);
    if (expiresMs <= this.#clock.now()) throw new Fault("auth.expired", "the token has expired");
    // Fresh ones of the same stream are the same producer's. One for many streams may be anybody's.
    return { expiresMs, ...(allowed.endsWith("*") ? {} : { who: `token:${allowed}` }) };
  }

  #sign(claims: string): string {
    return createHmac("sha256", this.#secret).update(`${VERSION}.${claims}`).digest("base64url");
  }

  #claims(token: string): Claims {
    const [version, claims = "", signature = "", ...more] = token.split(".");
    if (version !== VERSION || more.length > 0 || !sameText(signature, this.#sign(claims)))
      throw new Fault("auth.denied", "the key is wrong");
    return JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Claims;
  }
}

/** The secret in a file, without space around it. Throws `config.bad`. */
export function readSecret(path: string): string {
  let secret: string;
  try {
    secret = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new Fault("config.bad", `cannot read ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!/^[\w.~+/=-]+$/.test(secret) || secret.length < MIN_SECRET)
    throw new Fault(
      "config.bad",
      `${path} must have at least ${MIN_SECRET} letters, digits or -_.~+/= and nothing else`,
    );
  return secret;
}
