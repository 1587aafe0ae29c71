/**
 * Finds viewers that are gone although their connection was never closed.
 *
 * A viewer that merely stops reading answers no ping either (it stands behind the media), so silence alone is
 * not death: it is given `DEAD_AFTER_MS`, and costs bounded memory until then.
 */
import type { WebSocket } from "ws";
import type { CancelTimer, Clock } from "../../base/clock.ts";

export const PING_EVERY_MS = 15_000;
/** No pong, no message, no byte taken for so long: the viewer is gone. */
export const DEAD_AFTER_MS = 120_000;
/** More messages than this between two pings are abuse: close code 1008. */
export const MAX_MESSAGES = 1000;

interface Peer extends Pick<WebSocket, "ping" | "terminate" | "close" | "readyState"> {}

const OPEN = 1;

export class KeepAlive {
  readonly #ws: Peer;
  readonly #clock: Clock;
  /** Changes whenever the peer took bytes. */
  readonly #progress: () => number;
  #seen = 0;
  #lastSign: number;
  #messages = 0;
  #cancel: CancelTimer;

  constructor(ws: Peer, options: { clock: Clock; progress: () => number }) {
    this.#ws = ws;
    this.#clock = options.clock;
    this.#progress = options.progress;
    this.#lastSign = options.clock.elapsed();
    this.#cancel = options.clock.after(PING_EVERY_MS, () => this.#tick());
  }

  /** A pong came. */
  alive(): void {
    this.#lastSign = this.#clock.elapsed();
  }

  /** The viewer said something; what it said means nothing here. */
  message(): void {
    this.alive();
    if (++this.#messages === MAX_MESSAGES + 1) this.#ws.close(1008, "too many messages");
  }

  stop(): void {
    this.#cancel();
  }

  #tick(): void {
    this.#messages = 0;
    const progress = this.#progress();
    if (progress !== this.#seen) this.alive();
    this.#seen = progress;
    if (this.#clock.elapsed() - this.#lastSign >= DEAD_AFTER_MS) {
      this.#ws.terminate();
      return;
    }
    if (this.#ws.readyState === OPEN) this.#ws.ping();
    this.#cancel = this.#clock.after(PING_EVERY_MS, () => this.#tick());
  }
}
