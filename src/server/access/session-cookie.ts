/**
 * The cookie of who signed in on a page. No script reads it, and no other site's page is sent with it; a page of another port of
 * this machine is of the same site, so what changes something must also come from a page of this server.
 */
import type { IncomingHttpHeaders } from "node:http";
import { Fault } from "../../base/errors.ts";
import type { RequestHead } from "./guard.ts";

const NAME = "streambank_session";
/** Reading alone (RFC 9110 §9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Undefined: there is none. */
export function cookieToken({ cookie }: IncomingHttpHeaders): string | undefined {
  for (const pair of (cookie ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (pair.slice(0, Math.max(at, 0)).trim() === NAME) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** The value of `Set-Cookie`. */
export function setCookie(token: string, seconds: number, isTls: boolean): string {
  const rules = [`Max-Age=${Math.floor(seconds)}`, "Path=/", "HttpOnly", "SameSite=Strict"];
  return [`${NAME}=${token}`, ...rules, ...(isTls ? ["Secure"] : [])].join("; ");
}

/** For requests that bring the cookie. Throws `auth.denied`. */
export function requireOwnPage({ method, headers }: RequestHead): void {
  // A WebSocket begins as a GET, may change something, and is not held back by CORS.
  if (SAFE.has(method) && headers.upgrade === undefined) return;
  if (isOwnPage(headers)) return;
  throw new Fault("auth.denied", "a sign-in counts for pages of this server alone");
}

/** False for a page of elsewhere; who says nothing of it is no page. */
export function isForeignPage(headers: IncomingHttpHeaders): boolean {
  const says = headers["sec-fetch-site"] ?? headers.origin;
  return says !== undefined && !isOwnPage(headers);
}

function isOwnPage({ origin, host, ...headers }: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  // Browsers send `Origin` with all that changes something and with WebSockets.
  if (origin === undefined) return site === "same-origin";
  return host !== undefined && URL.parse(origin)?.host === URL.parse(`http://${host}`)?.host;
}
