/**
 * Short-lived permissions that are their own record: claims and an end, signed. They stand in URLs of players, which
 * can send no header; nothing is stored, and all nodes on one index accept each other's.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { Maker } from "./maker.ts";
import { sameText } from "./same-text.ts";

/** In the index's `meta`. */
const SECRET_NAME = "session-secret";
const VERSION = "ss1";
/** A claim of more than this is not a token of ours, characters. */
const MAX_LENGTH = 4096;

export interface SessionClaims {
  /** What it opens: `hls`, `dash`, `api`, `cookie`. A token for one is none for another. */
  readonly purpose: string;
  readonly stream: string;
  /** ms since 1970. */
  readonly expiresMs: number;
  /** With them it ends; undefined: with nobody. */
  readonly maker?: Maker;
  /** What the session was opened with; plain JSON. */
  readonly data?: unknown;
}

export class SessionTokens {
  readonly #secret: string;
  readonly #clock: Clock;
  readonly #check: (maker: Maker) => void;

  /** `check` throws when the maker is gone. */
  constructor(secret: string, clock: Clock, check: (maker: Maker) => void = () => {}) {
    this.#secret = secret;
    this.#clock = clock;
    this.#check = check;
  }

  /** With the secret that all nodes on this index share; made when there is none. */
  static async open(
    index: FragmentIndex,
    clock: Clock,
    check?: (maker: Maker) => void,
  ): Promise<SessionTokens> {
    const secret = await index.meta(SECRET_NAME, randomBytes(32).toString("base64url"));
    return new SessionTokens(secret, clock, check);
  }

  /** Of `A-Z a-z 0-9 - _ .` only. */
  issue(claims: SessionClaims): string {
    const text = Buffer.from(JSON.stringify(claims)).toString("base64url");
    return `${VERSION}.${text}.${this.#sign(text)}`;
  }

  /** Throws `auth.required` without a token, `auth.denied` (also when its maker is gone), `auth.expired`. */
  read(token: string | undefined, purpose: string): SessionClaims {
    if (token === undefined || token === "")
      throw new Fault("auth.required", "this address needs its session token");
    const [version, text = "", signature = "", ...more] = token.slice(0, MAX_LENGTH).split(".");
    if (version !== VERSION || more.length > 0 || !sameText(signature, this.#sign(text)))
      throw new Fault("auth.denied", "the session token is wrong");
    const claims = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as SessionClaims;
    if (claims.purpose !== purpose)
      throw new Fault("auth.denied", `the session token is for ${claims.purpose}`);
    if (claims.expiresMs <= this.#clock.now())
      throw new Fault("auth.expired", "the session has expired: open another");
    if (claims.maker !== undefined) this.#check(claims.maker);
    return claims;
  }

  /**
   * For clients that sign (SigV4): the token as a session's credentials, whose key id and secret both follow from it. Who has
   * the token has all of it, as with the token alone.
   */
  credentials(token: string): { readonly accessKeyId: string; readonly secretAccessKey: string } {
    const of = (what: string) => createHmac("sha256", this.#secret).update(`${what}.${token}`);
    return {
      accessKeyId: `ASSB${of("id").digest("hex").slice(0, 16).toUpperCase()}`,
      secretAccessKey: of("sign").digest("base64url"),
    };
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#secret).update(`${VERSION}.${text}`).digest("base64url");
  }
}
