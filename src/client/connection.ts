/** How the client reaches a server: addresses, tokens, errors. Browser-safe: `fetch` and `WebSocket` are the platform's. */

import { type Clock, realClock } from "../base/clock.ts";

/** What the server answered when it did not do what was asked. */
export class ApiError extends Error {
  /** As in docs/reference/errors.md; `unreachable` when there was no answer. */
  readonly code: string;
  /** Of HTTP; 0 when there was no answer. */
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }

  /** Whether the same request may work a little later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Which server, and as whom. */
export interface ConnectionOptions {
  /** `http(s)://host:port` of a server. */
  readonly url: string;
  /** Bearer token, or a function that is asked before every request: tokens end. */
  readonly token?: string | (() => Promise<string | undefined>);
  /** Default: the machine's. */
  readonly clock?: Clock;
}

export interface Request {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Life of a token that opens a WebSocket, s. The socket is told the next one before this ends. */
const SOCKET_TOKEN_S = 300;

export class Connection {
  readonly url: string;
  readonly clock: Clock;
  readonly #token: ConnectionOptions["token"];

  constructor({ url, token, clock = realClock }: ConnectionOptions) {
    this.clock = clock;
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** The answer, when it is a good one. Throws `ApiError`. */
  async ask(path: string, request: Request = {}): Promise<Response> {
    const { method = "GET", query = {}, body, signal } = request;
    const headers: Record<string, string> = { ...request.headers };
    const token = await this.token();
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(this.url + path + queryText(query), {
        ...{ method, headers, redirect: "follow" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new ApiError("unreachable", 0, `${this.url} cannot be reached`, { cause });
    }
    if (response.ok) return response;
    throw await errorOf(response);
  }

  /** As `ask`, the JSON of the answer. */
  async json<T>(path: string, request: Request = {}): Promise<T> {
    return (await (await this.ask(path, request)).json()) as T;
  }

  /** A WebSocket that reads this stream, not open yet. */
  async socket(
    path: string,
    { stream, ...query }: NonNullable<Request["query"]> & { readonly stream: string },
  ): Promise<WebSocket> {
    const token = await this.#addressToken(stream);
    const address = this.url.replace(/^http/, "ws") + path + queryText({ ...query, token });
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    return socket;
  }

  /** Browsers can set no header on a WebSocket, and what is in an address must soon be worth nothing. */
  async #addressToken(stream: string): Promise<string | undefined> {
    const token = await this.token();
    if (token === undefined || /^ss\d+\./.test(token)) return token;
    const body = { actions: ["read"], streams: stream, seconds: SOCKET_TOKEN_S };
    const request = { method: "POST", body } as const;
    return (await this.json<{ readonly token: string }>("/v1/session", request)).token;
  }

  async token(): Promise<string | undefined> {
    return typeof this.#token === "function" ? this.#token() : this.#token;
  }
}

function queryText(query: NonNullable<Request["query"]>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) params.set(name, String(value));
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** The native API says `{"error":{"code","message"}}`, KVS's says `{"Message"}` and the type in a header. */
async function errorOf(response: Response): Promise<ApiError> {
  const { status, headers } = response;
  const body = (await response.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string };
    Message?: string;
  };
  const code = body.error?.code ?? headers.get("x-amzn-errortype") ?? `http.${status}`;
  const message = body.error?.message ?? body.Message ?? `the server answered ${status}`;
  return new ApiError(code, status, message);
}
