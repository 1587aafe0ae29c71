/** The server's HTTP API as the console uses it, and what it answers (docs/reference/http.md). Times are ms since the Unix epoch. */

export interface StreamView {
  readonly name: string;
  readonly createdMs: number;
  readonly retentionHours: number;
  readonly retentionBytes: number;
  readonly version: string;
  readonly live: boolean;
  readonly node?: string;
  readonly producer?: {
    readonly protocol: string;
    readonly sinceMs: number;
    readonly endedMs?: number;
    readonly error?: { readonly code: string; readonly message: string };
  };
  readonly viewers: number;
  readonly rate?: { readonly fps: number; readonly kbits: number };
  readonly lastFrameMs?: number;
  readonly tracks?: readonly TrackView[];
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly bytes: number;
  readonly source?: { readonly address: string; readonly state: string; readonly reason?: string };
}

export interface TrackView {
  readonly type: string;
  readonly codec: string;
  readonly codecString?: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
}

export interface ServerView {
  readonly version: string;
  readonly timeMs: number;
  readonly startedMs: number;
  readonly auth: "on" | "off";
  readonly pushKey: boolean;
  readonly tls: boolean;
  readonly rtmpPort?: number;
  readonly rtmpsPort?: number;
  readonly ffmpeg: { readonly found: boolean; readonly version?: string };
  readonly defaults: { readonly retentionHours: number; readonly createMissing: boolean };
  readonly store: "folder" | "s3";
  readonly disk?: {
    readonly freeBytes: number;
    readonly totalBytes: number;
    readonly stopBytes: number;
    readonly floorBytes: number;
  };
}

export interface Sample {
  readonly atMs: number;
  readonly kbits: number;
  readonly ackMs?: number;
  readonly ackMaxMs?: number;
  readonly producers: number;
  readonly viewers: number;
  readonly storedBytes: number;
  readonly freeBytes: number;
  readonly unarchivedMs: number;
}

export interface Session {
  readonly id: string;
  readonly actions: readonly string[];
  readonly streams: string;
  readonly server: boolean;
  readonly signedIn: boolean;
}

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

export interface Hold {
  readonly id: string;
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  readonly who: string;
  readonly why: string;
  readonly createdMs: number;
  readonly untilMs?: number;
}

export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly cause: string;
  readonly detail?: string;
}

export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly actions: readonly string[];
  readonly streams: string;
  readonly createdMs: number;
  readonly expiresMs?: number;
}

export interface NewKey extends KeyView {
  readonly secret: string;
  readonly token: string;
}

export interface UserView {
  readonly name: string;
  readonly role: string;
  readonly streams: string;
  readonly createdMs: number;
  readonly changedMs: number;
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

/** An answer that is no JSON: a picture. Throws as `ask`. */
export async function askBlob(path: string): Promise<Blob> {
  return (await send("GET", path)).blob();
}

/** `readyz` answers with a body when it is not ready, too. */
export async function askReady(): Promise<Ready> {
  const answer = await fetch("/readyz").catch(unreachable);
  return (await answer.json()) as Ready;
}

async function send(method: Method, path: string, body?: object): Promise<Response> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(path, { method, headers, ...text }).catch(unreachable);
  if (answer.ok) return answer;
  const { error = {} } = (await answer.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string };
  };
  const { code = "unknown", message = `the server answered ${answer.status}` } = error;
  if (code === "auth.required" || code === "auth.expired") toSignIn();
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
