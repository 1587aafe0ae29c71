/** PutMedia over SigV4, which no AWS SDK for JavaScript has: signed by AWS's own signer, in the ways of the clients there are. */
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { SignatureV4 } from "@smithy/signature-v4";
import { type Ack, type PutMediaCall, putMedia } from "./put-media.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the signer wants of a hash: not ours. */
export class Sha256 {
  readonly #key: string | Uint8Array | undefined;
  #parts: Uint8Array[] = [];
  constructor(key?: string | Uint8Array) {
    this.#key = key;
  }
  update(data: string | Uint8Array) {
    this.#parts.push(typeof data === "string" ? new TextEncoder().encode(data) : data);
  }
  async digest() {
    const hash = this.#key === undefined ? createHash("sha256") : createHmac("sha256", this.#key);
    for (const part of this.#parts) hash.update(part);
    return new Uint8Array(hash.digest());
  }
  reset() {
    this.#parts = [];
  }
}

export interface ToSign {
  readonly path: string;
  readonly query?: Record<string, string>;
  /** With `host`. */
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly credentials: Credentials;
  readonly atMs?: number;
  /** As the C SDK does: hop-by-hop headers and the user agent are signed, the session's token is not. */
  readonly hopByHop?: boolean;
}

const HOP_BY_HOP = ["connection", "transfer-encoding", "user-agent"];

/** The headers with their signature; names in lower case. */
export async function signHeaders(what: ToSign): Promise<Record<string, string>> {
  const { path, query = {}, headers, body, credentials, atMs, hopByHop = false } = what;
  const signer = new SignatureV4({
    ...{ credentials, region: "eu-central-1", service: "kinesisvideo", applyChecksum: false },
    sha256: Sha256 as never,
  });
  const request = { method: "POST", protocol: "http:", hostname: "127.0.0.1", path, query };
  const { headers: made } = await signer.sign(
    { ...request, headers, ...(body === undefined ? {} : { body }) },
    {
      ...(atMs === undefined ? {} : { signingDate: new Date(atMs) }),
      ...(hopByHop
        ? {
            signableHeaders: new Set([...Object.keys(headers), "x-amz-date", ...HOP_BY_HOP]),
            unsignableHeaders: new Set(["x-amz-security-token"]),
          }
        : {}),
    },
  );
  return Object.fromEntries(Object.entries(made).map(([key, value]) => [key.toLowerCase(), value]));
}

export interface SignedPut {
  readonly url: string;
  readonly stream: string;
  readonly startMs: number;
  readonly credentials: Credentials;
  readonly atMs?: number;
  /** Sent in place of what was signed. */
  readonly tampered?: Record<string, string>;
}

/** As the C SDK signs it: the hash of an empty body, hop-by-hop headers. */
export async function signedPut(options: SignedPut): Promise<PutMediaCall> {
  const { url, stream, startMs, credentials, atMs, tampered = {} } = options;
  const headers = await signHeaders({
    path: "/putMedia",
    headers: {
      ...{ host: new URL(url).host, connection: "keep-alive", "transfer-encoding": "chunked" },
      "user-agent": "AWS-SDK-KVS/3.6.0 GCC/12.2.0",
      "x-amzn-fragment-acknowledgment-required": "1",
      "x-amzn-fragment-timecode-type": "RELATIVE",
      "x-amzn-producer-start-timestamp": (startMs / 1000).toFixed(3),
      "x-amzn-stream-name": stream,
    },
    ...{ credentials, hopByHop: true },
    ...(atMs === undefined ? {} : { atMs }),
  });
  return putMedia({ url, stream, startMs, headers: { ...headers, ...tampered } });
}

/** A whole file; its acks. */
export async function putFile(options: SignedPut, file: string): Promise<readonly Ack[]> {
  const call = await signedPut(options);
  await call.write(readFileSync(file));
  call.end();
  return call.acks;
}
