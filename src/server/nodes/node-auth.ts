/**
 * Requests between nodes, signed with the secret they share: HMAC-SHA-256 of what is asked for and when. Only what is signed
 * is let in under `/internal`, and only for a few minutes: a request that was overheard is of no use for another.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Fault } from "../../base/errors.ts";

const SCHEME = "Streambank-Node";
/** How far the clocks of two nodes may be apart, ms. */
const MAX_SKEW_MS = 300_000;
const HEADER = new RegExp(`^${SCHEME} ([A-Za-z0-9_.-]{1,64}) (\\d{1,15}) ([A-Za-z0-9_-]{43})$`);

export interface NodeRequest {
  readonly method: string;
  /** With the query, as it is in the request line. */
  readonly path: string;
  /** Value of the `Range` header; "" without one. */
  readonly range?: string;
}

export class NodeAuth {
  readonly #secret: string;
  readonly #node: string;

  constructor(secret: string, node: string) {
    this.#secret = secret;
    this.#node = node;
  }

  /** Value of the `Authorization` header. */
  header(request: NodeRequest, nowMs: number): string {
    const ms = Math.floor(nowMs);
    return `${SCHEME} ${this.#node} ${ms} ${this.#sign(request, this.#node, ms)}`;
  }

  /** Whether the header claims to be of a node. */
  static claims(header: string | undefined): boolean {
    return header?.startsWith(`${SCHEME} `) ?? false;
  }

  /** The node that asks. Throws `auth.required`, `auth.denied`, `auth.expired`. */
  check(request: NodeRequest, header: string | undefined, nowMs: number): string {
    const [, node, time, signature] = HEADER.exec(header ?? "") ?? [];
    if (node === undefined || time === undefined || signature === undefined)
      throw new Fault("auth.required", "only other nodes may ask for this");
    const ms = Number(time);
    const expected = Buffer.from(this.#sign(request, node, ms));
    if (!timingSafeEqual(expected, Buffer.from(signature)))
      throw new Fault("auth.denied", "the nodes do not share one cluster key");
    if (Math.abs(nowMs - ms) > MAX_SKEW_MS)
      throw new Fault("auth.expired", "the clocks of the nodes are more than 5 minutes apart");
    return node;
  }

  #sign({ method, path, range = "" }: NodeRequest, node: string, ms: number): string {
    const text = [SCHEME, method, path, range, node, ms].join("\n");
    return createHmac("sha256", this.#secret).update(text).digest("base64url");
  }
}
