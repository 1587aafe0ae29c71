/** One POST to a receiver. Redirects are not followed: the address that was checked is the one that gets the events. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { checkHookUrl, hookLookup } from "./hook-address.ts";
import { DELIVERY_HEADER, SIGNATURE_HEADER, sign } from "./signature.ts";

export interface PosterParts {
  readonly clock: Clock;
  readonly allowPrivate: boolean;
  /** From connecting to the last byte of the answer. Default 10 s. */
  readonly timeoutMs?: number;
  /** Replaced by tests of names that resolve to forbidden addresses. */
  readonly lookup?: LookupFunction;
}

export interface Post {
  readonly url: string;
  /** Undefined: there is none that the receiver knows, and the post is not signed. */
  readonly secret: string | undefined;
  /** Stable over retries. */
  readonly delivery: string;
  readonly body: string;
  readonly signal?: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  /** Its first 1024 bytes, for people. */
  readonly text: string;
}

/** More of an answer is not read. */
const ANSWER_BYTES = 1024;

/** Keeps connections open between deliveries. */
export class Poster {
  readonly #parts: PosterParts;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(parts: PosterParts) {
    this.#parts = parts;
    const options = { keepAlive: true, lookup: parts.lookup ?? hookLookup(parts.allowPrivate) };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent(options);
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /** Rejects when there was no whole answer: the receiver may have got it all the same. */
  async post({ url: text, secret, delivery, body, signal }: Post): Promise<PostAnswer> {
    const { clock, allowPrivate, timeoutMs = 10_000 } = this.#parts;
    const url = checkHookUrl(text, allowPrivate);
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "user-agent": "streambank",
      [DELIVERY_HEADER]: delivery,
      ...(secret === undefined
        ? {}
        : { [SIGNATURE_HEADER]: sign(secret, Math.floor(clock.now() / 1000), body) }),
    };
    const limit = new AbortController();
    const over = () => limit.abort(new Error(`no answer within ${timeoutMs} ms`));
    const cancel = clock.after(timeoutMs, over);
    const either = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
    try {
      return await this.#send(url, { method: "POST", headers, signal: either }, body);
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error;
    } finally {
      cancel();
    }
  }

  #send(
    url: URL,
    options: { method: string; headers: Record<string, string | number>; signal: AbortSignal },
    body: string,
  ): Promise<PostAnswer> {
    return new Promise((resolve, reject) => {
      const req =
        url.protocol === "https:"
          ? httpsRequest(url, { ...options, agent: this.#https })
          : httpRequest(url, { ...options, agent: this.#http });
      req.once("response", (answer) => readAnswer(answer, resolve, reject));
      req.once("error", reject);
      req.end(body);
    });
  }
}

function readAnswer(
  answer: IncomingMessage,
  resolve: (answer: PostAnswer) => void,
  reject: (error: Error) => void,
): void {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const done = () => {
    const text = Buffer.concat(pieces).subarray(0, ANSWER_BYTES).toString("utf8");
    resolve({ status: answer.statusCode ?? 0, text });
  };
  answer.on("data", (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes < ANSWER_BYTES) return;
    // The rest of a long answer is not waited for: its connection is given up.
    done();
    answer.destroy();
  });
  answer.once("end", done);
  answer.once("error", reject);
  answer.once("close", () => reject(new Error("the connection ended within the answer")));
}
