/** Pages that need somebody: who is nobody yet is sent to the page to sign in. */
import type { FastifyRequest } from "fastify";
import { asFault } from "../../base/errors.ts";
import { PAGES } from "../static.ts";
import { headOf } from "./enforce.ts";
import type { Guard } from "./guard.ts";

const PAGE = "/player/sign-in.html";

/** Where to; undefined: the page may be shown. It has no secrets in it: this is for people, not against them. */
export async function signInPage(guard: Guard, req: FastifyRequest): Promise<string | undefined> {
  const [path = "/"] = req.url.split("?");
  const isPage = Object.hasOwn(PAGES, path) || path.endsWith(".html");
  if (!guard.required || !isPage || path === PAGE) return undefined;
  // A page that shows its own token, as a part of another's, asks with it.
  if (new URLSearchParams(req.url.slice(path.length)).has("token")) return undefined;
  try {
    await guard.identify(headOf(req));
    return undefined;
  } catch (error) {
    const { code } = asFault(error);
    if (!code.startsWith("auth.")) throw error;
    return `${PAGE}?next=${encodeURIComponent(req.url)}`;
  }
}
