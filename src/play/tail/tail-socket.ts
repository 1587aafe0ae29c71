/**
 * One viewer's WebSocket: live media of one stream, or media from the archive that rolls on into live.
 * Messages: docs/formats/tail.md. Never throws into the server; a failure closes this socket alone.
 */
import type { WebSocket } from "ws";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Millis } from "../../base/units.ts";
import type { FragmentReader } from "../../fragment/fragment.ts";
import type { ConfigItem, TailFormat } from "../../live/feed-items.ts";
import type { LiveHub } from "../../live/hub.ts";
import type { LiveSubscription } from "../../live/items.ts";
import { type Codecs, refusal } from "./accepts.ts";
import { KeepAlive } from "./keep-alive.ts";
import { timeMessage } from "./messages.ts";
import { Replay } from "./replay.ts";
import { SocketWriter, type WriterLimits } from "./socket-writer.ts";
import { HeldAccess, type TailAccess } from "./tail-access.ts";

/** How often viewers are told the server's time. */
const TIME_EVERY_MS = 5000;
/** 4000 + for our own (RFC 6455 §7.4.2). */
const CLOSE_UNAUTHORISED = 4401;

export interface TailSocketParams {
  readonly stream: string;
  readonly format: TailFormat;
  /** Producer time to start at; live when missing. */
  readonly fromMs?: Millis;
  /** Frames of the archive may go together in one message. */
  readonly joined?: boolean;
  /** What the viewer can play; missing: everything. */
  readonly codecs?: Codecs;
  /** The viewer is another node: its configs have the tracks as Matroska has them. */
  readonly forNode?: boolean;
  /** Undefined: another node, which needs none. */
  readonly access?: TailAccess;
}

export interface TailSocketParts {
  readonly hub: LiveHub;
  readonly reader: FragmentReader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<WriterLimits>;
}

/** Takes over an open socket until it closes. The caller has checked that the stream exists. */
export function handleTailSocket(
  ws: WebSocket,
  params: TailSocketParams,
  parts: TailSocketParts,
): void {
  new TailSession(ws, params, parts).start();
}

class TailSession {
  readonly #ws: WebSocket;
  readonly #params: TailSocketParams;
  readonly #parts: TailSocketParts;
  readonly #writer: SocketWriter;
  readonly #keepAlive: KeepAlive;
  readonly #gone = new AbortController();
  #subscription: LiveSubscription | undefined;
  #cancelTime: CancelTimer | undefined;
  #access: HeldAccess | undefined;

  constructor(ws: WebSocket, params: TailSocketParams, parts: TailSocketParts) {
    this.#ws = ws;
    this.#params = params;
    this.#parts = parts;
    const { clock, limits = {} } = parts;
    const { forNode = false, codecs, stream } = params;
    const refuse = (config: ConfigItem) =>
      codecs === undefined ? undefined : refusal(config, codecs, stream);
    const onFailed = (error: unknown) => this.#fail(error);
    this.#writer = new SocketWriter(ws, { limits, forNode, refuse, onFailed });
    this.#keepAlive = new KeepAlive(ws, { clock, progress: () => this.#writer.flushes });
  }

  start(): void {
    const ws = this.#ws;
    ws.on("pong", () => this.#keepAlive.alive());
    ws.on("message", (data: Buffer, binary) => {
      this.#keepAlive.message();
      if (!binary) this.#access?.message(data.toString("utf8"));
    });
    ws.on("error", () => ws.terminate());
    ws.on("close", () => this.#close());
    this.#tellTime();
    const { hub } = this.#parts;
    const { stream, format, fromMs, access } = this.#params;
    if (access !== undefined) this.#hold(access);
    if (fromMs === undefined) this.#subscription = hub.watch(stream, format, this.#writer);
    else this.#replay(fromMs);
  }

  #replay(fromMs: Millis): void {
    const { hub, reader, clock } = this.#parts;
    const { stream, format, joined = false } = this.#params;
    const [writer, signal] = [this.#writer, this.#gone.signal];
    const options = { hub, reader, clock, stream, format, fromMs, joined, writer, signal };
    const replay = new Replay(options);
    this.#subscription = { close: () => replay.close() };
    replay.run().catch((error: unknown) => {
      if (!signal.aborted) this.#fail(error);
    });
  }

  #hold(access: TailAccess): void {
    const { clock } = this.#parts;
    this.#access = new HeldAccess(access, {
      clock,
      granted: (expiresMs) => this.#writer.sendNow(JSON.stringify({ type: "access", expiresMs })),
      ended: ({ code, message }) => {
        if (this.#ws.readyState !== this.#ws.OPEN) return;
        this.#writer.sendNow(JSON.stringify({ type: "error", code, message }));
        this.#ws.close(CLOSE_UNAUTHORISED, code);
      },
    });
  }

  #tellTime(): void {
    this.#writer.sendNow(timeMessage(this.#parts.clock.now()));
    this.#cancelTime = this.#parts.clock.after(TIME_EVERY_MS, () => this.#tellTime());
  }

  #fail(error: unknown): void {
    const { code, message } = asFault(error);
    const { stream, format } = this.#params;
    this.#parts.log.warn("viewer.failed", { stream, format, code, message });
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#writer.sendNow(JSON.stringify({ type: "error", code, message }));
    this.#ws.close(1011, code);
  }

  #close(): void {
    this.#gone.abort();
    this.#access?.close();
    this.#subscription?.close();
    this.#writer.closed();
    this.#keepAlive.stop();
    this.#cancelTime?.();
    const lostFrames = this.#writer.lostFrames;
    if (lostFrames === 0) return;
    const { stream, format } = this.#params;
    this.#parts.log.info("viewer.lost-frames", { stream, format, frames: lostFrames });
  }
}
