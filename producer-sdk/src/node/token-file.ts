/** The token a server asks for, from a file that whoever rotates tokens writes. */
import { readFile } from "node:fs/promises";
import type { Token, TokenProvider } from "../events.ts";

/** Reads the file anew each time. */
export function tokenFile(path: string): TokenProvider {
  return async () => tokenOf((await readFile(path, "utf8")).trim());
}

/** With its end, when it is a push token (`sb1.CLAIMS.HMAC`): then a fresh one is read before. Only the server checks it. */
export function tokenOf(token: string): Token {
  const [version, claims = ""] = token.split(".");
  if (version !== "sb1") return { token };
  try {
    const { expiresMs } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
    return Number.isFinite(expiresMs) ? { token, expiresMs } : { token };
  } catch {
    return { token };
  }
}
