/**
 * WebSocket push: the bytes of a PutMedia body as binary messages, whose borders mean nothing, and one
 * ack per text message. A text message `{"type":"end"}`, or a normal close, is the end of the body;
 * `{"type":"token","token":"…"}` comes before the media where one is asked for, and again before it expires.
 */
import type { WebSocket } from "ws";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import { type Ack, ackErrorId, ackLine } from "../ack.ts";
import type { Ingest } from "../ingest.ts";
import type { Elsewhere } from "../placement.ts";
import { identityOf } from "../publishers.ts";
import { fromAddress, type PushAccess, type PushGrant } from "../push-access.ts";
import type { IngestSession, SessionTransport } from "../session.ts";

/** Pings keep proxies from closing a quiet connection, ms. */
const PING_MS = 15_000;
/** Close codes: RFC 6455 §7.4.1, and 4000 + for our own. */
const CLOSE_NORMAL = 1000;
const CLOSE_BAD_DATA = 1007;
const CLOSE_INTERNAL = 1011;

const CLOSE_UNAUTHORISED = 4401;
/** Longest wait of a timer, ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** From the handshake to the token, where one is asked for, ms. */
const TOKEN_MS = 10_000;

export interface PutSocketParams {
  readonly stream: string;
  /** Producer time of timecode 0, ns since the Unix epoch; 0 for ABSOLUTE. */
  readonly startNs: bigint;
  /** ARCHIVED acks are wanted. */
  readonly archivedAcks?: boolean;
  /** Checked before the handshake; undefined: a token comes as the first message. */
  readonly grant: PushGrant | undefined;
  readonly remoteAddress: string;
}

export interface PutSocketParts {
  readonly ingest: Ingest;
  readonly access: PushAccess;
  readonly clock: Clock;
  /**
   * Makes the stream when it is missing and may be made. Called when the producer may push. The node that records it, when
   * that is another one.
   */
  ready(): Promise<Elsewhere | undefined>;
}

/** Takes over an accepted socket. Never throws. */
export function handlePutSocket(
  ws: WebSocket,
  params: PutSocketParams,
  parts: PutSocketParts,
): void {
  ws.on("error", () => {});
  new PutSocket(ws, params, parts);
}

class PutSocket {
  readonly #ws: WebSocket;
  readonly #params: PutSocketParams;
  readonly #parts: PutSocketParts;
  #admitted = false;
  #refused = false;
  #session: IngestSession | undefined;
  /** What came in one go with the handshake or the token, until there is a session. */
  #waiting: (() => void)[] = [];
  #cancel: CancelTimer = () => {};
  #unwatch: () => void = () => {};

  constructor(ws: WebSocket, params: PutSocketParams, parts: PutSocketParts) {
    this.#ws = ws;
    this.#params = params;
    this.#parts = parts;
    ws.on("message", (data: Buffer, binary) => this.#message(data, binary));
    ws.once("close", (code) => this.#closed(code));
    const { access, clock } = parts;
    const { grant } = params;
    if (grant !== undefined || !access.required) this.#granted(grant ?? { expiresMs: undefined });
    else
      this.#cancel = clock.after(TOKEN_MS, () =>
        this.#refuse(new Fault("auth.required", "no token came")),
      );
  }

  #message(data: Buffer, binary: boolean): void {
    if (this.#refused) return;
    const { type, token } = binary ? { type: "media" } : textOf(data);
    if (type === "token" && typeof token === "string") this.#present(token);
    else if (type !== "media" && type !== "end") return;
    else if (!this.#admitted) this.#refuse(new Fault("auth.required", "media before the token"));
    else this.#inSession((session) => (type === "end" ? session.end() : session.push(data)));
  }

  #inSession(run: (session: IngestSession) => void): void {
    const session = this.#session;
    if (session !== undefined) run(session);
    else this.#waiting.push(() => this.#session !== undefined && run(this.#session));
  }

  /** A token, the first or a fresh one. */
  #present(token: string): void {
    const { stream, remoteAddress } = this.#params;
    try {
      this.#granted(this.#parts.access.check(stream, token, fromAddress(remoteAddress)));
    } catch (error) {
      this.#refuse(asFault(error));
    }
  }

  #granted({ expiresMs, watch, who }: PushGrant): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#cancel();
    this.#unwatch();
    if (expiresMs !== undefined) this.#endAt(expiresMs);
    this.#unwatch = watch?.((fault) => this.#refuse(fault)) ?? (() => {});
    if (!this.#admitted) this.#open(who);
  }

  #endAt(expiresMs: number): void {
    const { clock } = this.#parts;
    const leftMs = expiresMs - clock.now();
    this.#cancel = clock.after(Math.min(leftMs, MAX_TIMER_MS), () => {
      if (leftMs > MAX_TIMER_MS) this.#endAt(expiresMs);
      else this.#refuse(new Fault("auth.expired", "the token has expired"));
    });
  }

  #open(who: string | undefined): void {
    this.#admitted = true;
    const ws = this.#ws;
    ws.pause();
    const transport = socketTransport(ws);
    const { ingest, ready, clock } = this.#parts;
    const protocol = "websocket";
    const identity = identityOf(protocol, who, this.#params.remoteAddress);
    const producer = { protocol, identity } as const;
    ready()
      .then((owner) => {
        if (owner === undefined) return ingest.open({ ...this.#params, transport, producer });
        const { stream } = this.#params;
        throw new Fault("ingest.busy", `${stream} is recorded by ${owner.node}: ${owner.url}`);
      })
      .then(
        (session) => {
          this.#session = session;
          for (const run of this.#waiting.splice(0)) run();
          keepAlive(ws, clock);
          ws.resume();
          if (ws.readyState !== ws.OPEN) session.abort();
        },
        (error) => this.#refuse(asFault(error)),
      );
  }

  #closed(code: number): void {
    this.#cancel();
    this.#unwatch();
    if (code === CLOSE_NORMAL) this.#session?.end();
    else this.#session?.abort();
  }

  #refuse(fault: Fault): void {
    this.#cancel();
    this.#unwatch();
    this.#refused = true;
    if (this.#session === undefined) refuse(this.#ws, fault);
    else this.#session.shutDown(fault);
  }
}

function textOf(data: Buffer): { readonly type?: unknown; readonly token?: unknown } {
  try {
    const value: unknown = JSON.parse(data.toString("utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function keepAlive(ws: WebSocket, clock: Clock): void {
  let answered = true;
  ws.on("pong", () => {
    answered = true;
  });
  const beat = () => {
    if (ws.readyState !== ws.OPEN) return;
    // A paused socket is one we do not read from: its pong is waiting behind its media.
    if (!answered && !ws.isPaused) {
      ws.terminate();
      return;
    }
    answered = false;
    ws.ping();
    clock.after(PING_MS, beat);
  };
  clock.after(PING_MS, beat);
}

function socketTransport(ws: WebSocket): SessionTransport {
  const send = (ack: Ack) => {
    if (ws.readyState === ws.OPEN) ws.send(ackLine(ack));
  };
  return {
    send,
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    finished(fault) {
      if (ws.readyState !== ws.OPEN) return;
      ws.resume();
      if (fault === undefined) ws.close(CLOSE_NORMAL);
      else ws.close(closeCode(fault), fault.message.slice(0, 100));
    },
  };
}

function closeCode(fault: Fault): number {
  if (fault.code.startsWith("auth.")) return CLOSE_UNAUTHORISED;
  return ackErrorId(fault) < 5000 ? CLOSE_BAD_DATA : CLOSE_INTERNAL;
}

function refuse(ws: WebSocket, fault: Fault): void {
  const { code, message, at } = fault;
  const id = ackErrorId(fault);
  ws.send(
    ackLine({ type: "ERROR", id, timecode: undefined, number: undefined, code, message, at }),
  );
  ws.close(closeCode(fault), message.slice(0, 100));
  ws.resume();
}
