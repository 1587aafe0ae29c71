/** The commands' way to a server: its address, JSON calls, and its errors as faults. */
import { Fault, type FaultCode } from "../../base/errors.ts";
import type { Args, Flag } from "./args.ts";

/** A call always ends when the command is stopped. */
export type CallInit = RequestInit & { readonly signal: AbortSignal };

export const serverFlag: Readonly<Record<string, Flag>> = { server: { type: "string" } };

/** The server's base URL from `--server`, without a slash at the end. Throws `config.bad`. */
export function serverUrl(args: Args): string {
  const text = args.text("server") ?? "http://127.0.0.1:8080";
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw new Fault("config.bad", `--server: not an http address: ${text}`);
  return url.href.replace(/\/+$/, "");
}

/** The base URL as a WebSocket address. */
export function socketUrl(base: string): string {
  return base.replace(/^http/, "ws");
}

/** `/v1/streams/NAME` with the name escaped. */
export function streamPath(stream: string): string {
  return `/v1/streams/${encodeURIComponent(stream)}`;
}

/** Calls the server. Throws the server's own fault, or what `unreachable` makes; an `AbortError` as it is. */
export async function call(url: string, init: CallInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    if (init.signal.aborted) throw cause;
    throw unreachable(url, cause);
  }
  if (response.ok) return response;
  throw refusalOf(response.status, await response.text().catch(() => ""));
}

/** The same, with the answer read as JSON. */
export async function callJson<T>(url: string, init: CallInit): Promise<T> {
  const response = await call(url, init);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (init.signal.aborted) throw cause;
    const { origin } = new URL(url);
    throw new Fault("request.bad", `what answers at ${origin} is not a Streambank server`, {
      cause,
    });
  }
}

/** A connection that could not be made, in one line. */
export function unreachable(url: string, cause: unknown): Fault {
  const error = cause as { cause?: { code?: string }; code?: string };
  const why = error.cause?.code ?? error.code ?? "no answer";
  return new Fault("server.closing", `no server answers at ${new URL(url).origin} (${why})`, {
    cause,
  });
}

/** The server's own fault from the body of its refusal, or `internal` when it is not one of ours. */
export function refusalOf(status: number | undefined, text: string): Fault {
  try {
    const { error } = JSON.parse(text) as { error: { code: FaultCode; message: string } };
    return new Fault(error.code, error.message);
  } catch {
    const line = text.slice(0, 200).replace(/\s+/g, " ").trim();
    return new Fault("internal", `the server answered ${status} ${line}`);
  }
}
