/** The server's HTTP API as the console uses it, and what it answers (docs/reference/http.md). Times are ms since the Unix epoch. */
import type { TrackView } from "../../../src/client/types.ts";

export type {
  AccessKey as KeyView,
  Hold,
  NewAccessKey as NewKey,
  ServerInfo as ServerView,
  ServerSample as Sample,
  Session,
  Stream as StreamView,
  TrackView,
  User as UserView,
} from "../../../src/client/types.ts";

export interface SourceView {
  readonly stream: string;
  readonly address: string;
  readonly audio: boolean;
  readonly from: "config" | "api";
  readonly state: string;
  readonly reason?: string;
  readonly fps: number;
  readonly kbits: number;
  readonly lost: number;
  readonly note?: string;
}

export type SourceTest =
  | {
      readonly ok: true;
      readonly address: string;
      readonly tracks: readonly TrackView[];
      readonly note?: string;
      /** JPEG, base64. */
      readonly picture?: string;
    }
  | { readonly ok: false; readonly address: string; readonly reason: string };

export interface Sum {
  readonly packs: number;
  readonly bytes: number;
}

export interface Preview extends Sum {
  readonly from?: number;
  readonly to?: number;
  readonly byAge: Sum;
  readonly bySize: Sum;
  readonly held: Sum;
  readonly complete: boolean;
}

export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly cause: string;
  readonly detail?: string;
}

export interface AuditRow {
  readonly id: number;
  readonly atMs: number;
  readonly action: string;
  readonly stream: string;
  readonly who: string;
  readonly cause?: string;
  readonly from?: number;
  readonly to?: number;
  readonly packs?: number;
  readonly bytes?: number;
  readonly detail?: string;
}

export interface Ready {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, { readonly state: string; readonly reason?: string }>>;
}

export interface EventRow {
  readonly id: number;
  readonly type: string;
  readonly stream?: string;
  readonly timeMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface NodeView {
  readonly id: string;
  readonly url: string;
  readonly state: string;
  readonly seenMs?: number;
  readonly here: boolean;
}

export interface RetentionView {
  readonly paused?: { readonly reason: string };
  readonly forecast?: {
    readonly overHours: number;
    readonly recordedPerDay: number;
    readonly growthPerDay: number;
    readonly daysLeft?: number;
  };
}

/** A refusal, with the server's own code and words. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Of one stream. */
export function streamPath(name: string, rest = ""): string {
  return `/v1/streams/${encodeURIComponent(name)}${rest}`;
}

/** Throws `ApiError`; status 0 when the server cannot be reached. */
export async function ask<T>(method: Method, path: string, body?: object): Promise<T> {
  const answer = await send(method, path, body);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

/** When the cookie is there that is being asked for. */
let newCookie: Promise<unknown> = Promise.resolve();

/** As `ask`, where the answer has another cookie, and the one there is ends before it comes. */
export async function askForCookie(method: Method, path: string, body: object): Promise<void> {
  const asked = send(method, path, body, true);
  newCookie = asked.catch(() => {});
  await asked;
}

/** An answer that is no JSON: a picture. Throws as `ask`. */
export async function askBlob(path: string): Promise<Blob> {
  return (await send("GET", path)).blob();
}

/** `readyz` answers with a body when it is not ready, too. */
export async function askReady(): Promise<Ready> {
  const answer = await fetch("/readyz").catch(unreachable);
  return (await answer.json()) as Ready;
}

async function send(
  method: Method,
  path: string,
  body?: object,
  isAgain = false,
): Promise<Response> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(path, { method, headers, ...text }).catch(unreachable);
  if (answer.ok) return answer;
  const { error = {} } = (await answer.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string };
  };
  const { code = "unknown", message = `the server answered ${answer.status}` } = error;
  if (code === "auth.required" || code === "auth.expired") {
    if (!isAgain) {
      // Refused, so not done. It may have been under way while the cookie was changed.
      await newCookie;
      return send(method, path, body, true);
    }
    toSignIn();
  }
  throw new ApiError(answer.status, code, message);
}

function unreachable(): never {
  throw new ApiError(0, "store.unavailable", "the server cannot be reached");
}

/** Whoever is nobody any more signs in again, and comes back to this page. */
function toSignIn(): void {
  const next = encodeURIComponent(location.pathname + location.search + location.hash);
  location.assign(`/player/sign-in.html?next=${next}`);
}
