/** For whoever receives webhooks: `import { verifyHook } from "streambank/webhook"`. */
import { timingSafeEqual } from "node:crypto";
import { realClock } from "../../base/clock.ts";
import { SIGNATURE_HEADER, signatureHex } from "./signature.ts";

/** Request headers as Node's `http` has them, or as `fetch` has them. */
export type HookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

/** How strict to be about the time of sending. */
export interface VerifyOptions {
  /** How old, or how far ahead, the signature may be. Default 300 s; `Infinity` for a body that was kept. */
  readonly toleranceSeconds?: number;
  /** Now, ms since the Unix epoch. Default: this machine's clock. */
  readonly nowMs?: number;
}

/**
 * Whether this request was sent by the server that has this secret, just now, with exactly this body. Give the body as it
 * came, before any parsing. Never throws. A delivery may come more than once: compare the events' ids.
 */
export function verifyHook(
  secret: string,
  headers: HookHeaders,
  body: string | Uint8Array,
  { toleranceSeconds = 300, nowMs = realClock.now() }: VerifyOptions = {},
): boolean {
  const parts = headerText(headers).split(",");
  const [time] = valuesOf(parts, "t");
  if (time === undefined || !/^\d{1,12}$/.test(time)) return false;
  if (Math.abs(nowMs / 1000 - Number(time)) > toleranceSeconds) return false;
  const expected = Buffer.from(signatureHex(secret, Number(time), body));
  return valuesOf(parts, "v1").some((found) => {
    const given = Buffer.from(found);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function headerText(headers: HookHeaders): string {
  const { get } = headers;
  const found =
    typeof get === "function"
      ? get.call(headers, SIGNATURE_HEADER)
      : (headers as Readonly<Record<string, unknown>>)[SIGNATURE_HEADER];
  return typeof found === "string" ? found : "";
}

function valuesOf(parts: readonly string[], name: string): string[] {
  const found = parts.map((part) => part.trim()).filter((part) => part.startsWith(`${name}=`));
  return found.map((part) => part.slice(name.length + 1));
}
