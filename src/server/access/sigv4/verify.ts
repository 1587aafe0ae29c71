/**
 * AWS Signature Version 4 in the Authorization header, checked by signing again (AWS General Reference, "Create a signed AWS
 * API request"). Headers are taken exactly as they came: clients sign `Host` without a port, and hop-by-hop headers. Pure.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isoMillis } from "../../../base/clock.ts";
import { Fault } from "../../../base/errors.ts";

export const SIGV4_SCHEME = "AWS4-HMAC-SHA256";
const SERVICE = "kinesisvideo";
/** How far the client's clock may be off, ms: the service's rule. */
const MAX_SKEW_MS = 15 * 60_000;
const EMPTY_HASH = sha256("");
const HEADER =
  /^AWS4-HMAC-SHA256\s+Credential=([^\s,/]{1,128})\/(\d{8})\/([a-z0-9-]{1,40})\/([a-z0-9-]{1,40})\/aws4_request\s*,\s*SignedHeaders=([a-z0-9;_.-]{1,2000})\s*,\s*Signature=([0-9a-f]{64})\s*$/;

export interface SignedRequest {
  readonly method: string;
  /** As in the request line, without scheme and host. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The whole body; undefined: it has no end (PutMedia), and clients sign an empty one. */
  readonly body: Uint8Array | undefined;
}

/** Who says to have signed it. Throws `auth.signature` when the header is not of this kind. */
export function signerOf(authorization: string): string {
  const [, accessKeyId] = HEADER.exec(authorization) ?? [];
  if (accessKeyId === undefined)
    throw new Fault("auth.signature", "the Authorization header is not complete");
  return accessKeyId;
}

/** Throws `auth.signature`, `auth.expired` (the clocks are more than 15 minutes apart). */
export function verifySigV4(request: SignedRequest, secret: string, nowMs: number): void {
  const [, , date = "", region = "", service = "", names = "", signature = ""] =
    HEADER.exec(request.headers.authorization ?? "") ?? [];
  if (service !== SERVICE)
    throw new Fault("auth.signature", `the credential scope must be of ${SERVICE}`);
  const time = one(request.headers["x-amz-date"]) ?? "";
  const sentMs = timeOf(time);
  if (Number.isNaN(sentMs) || !time.startsWith(date))
    throw new Fault("auth.signature", "x-amz-date is missing, or not of the credential's day");
  if (Math.abs(nowMs - sentMs) > MAX_SKEW_MS)
    throw new Fault("auth.expired", "the request was signed more than 15 minutes ago or ahead");
  const signed = names.split(";");
  if (!signed.includes("host")) throw new Fault("auth.signature", "the host header must be signed");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = [SIGV4_SCHEME, time, scope, sha256(canonicalRequest(request, signed))].join("\n");
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of scope.split("/")) key = hmac(key, part);
  const expected = hmac(key, text);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex")))
    throw new Fault("auth.signature", "the signature does not match: check the secret key");
}

function canonicalRequest(request: SignedRequest, signed: readonly string[]): string {
  const { method, url, headers } = request;
  const at = url.indexOf("?");
  const [path, query] = at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
  const lines = signed.map((name) => {
    const value = headers[name];
    if (value === undefined)
      throw new Fault("auth.signature", `the signed header ${name} did not arrive`);
    return `${name}:${[value].flat().join(",").trim().replace(/ +/g, " ")}\n`;
  });
  return [
    method,
    path.split("/").map(encode).join("/") || "/",
    canonicalQuery(query),
    lines.join(""),
    signed.join(";"),
    payloadHash(request),
  ].join("\n");
}

/** Sorted by name, then value, each encoded anew. */
function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs = query.split("&").map((pair) => {
    const at = pair.indexOf("=");
    const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    return `${encode(decode(name))}=${encode(decode(value))}`;
  });
  return pairs.sort().join("&");
}

/**
 * What the client says it is, when that is a word (`UNSIGNED-PAYLOAD`, `STREAMING-…`: taken as it is) or the hash of what
 * came. Without a word: the hash of the body, and of nothing for a body without an end.
 */
function payloadHash({ headers, body }: SignedRequest): string {
  const said = one(headers["x-amz-content-sha256"]);
  const is = body === undefined ? EMPTY_HASH : sha256(body);
  if (said === undefined) return is;
  if (/^[0-9a-f]{64}$/.test(said) && body !== undefined && said !== is)
    throw new Fault("auth.signature", "the body is not the one that was signed");
  return said;
}

/** `20261123T120000Z`; NaN for anything else. */
function timeOf(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts;
  return isoMillis(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** RFC 3986: everything but `A-Z a-z 0-9 - . _ ~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
