/**
 * A producer's connection, made again and again: back-off, the token before the media and a fresh one before it
 * expires, and the end of a connection that takes media and never answers. Knows no media.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { asFault } from "../../src/base/errors.ts";
import { type Ack, AckReader } from "./acks.ts";
import { BackOff } from "./back-off.ts";
import type { Token, TokenProvider } from "./events.ts";
import type { Link, Transport } from "./transport.ts";

/** Bytes handed to the link and not yet on the network: more only adds delay before a break is noticed. */
const LINK_BYTES = 1 << 20;
/** From the try to connect until media may be sent. A server that stands still takes connections and answers nothing. */
const CONNECT_MS = 10_000;
/** Media was sent and no ack of any kind came for so long: the connection is dead. */
const ACK_TIMEOUT_MS = 30_000;
/** A token is replaced when so much of its life is left, and at least so long before its end. */
const REFRESH_SHARE = 0.2;
const REFRESH_MIN_MS = 5000;
/** Longest wait of a timer, ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ConnectionOptions {
  readonly url: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly token?: TokenProvider | undefined;
  /** Media may be sent. */
  opened(): void;
  ack(ack: Ack): void;
  /** The next try comes in `retryMs`. */
  lost(reason: string, retryMs: number): void;
  /** Something was sent that has to be answered. */
  waiting(): boolean;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #backOff: BackOff;
  #link: Link | undefined;
  #open = false;
  #ended = false;
  #acks = new AckReader();
  #heardAt = 0;
  #tries = 0;
  #cancelRetry: CancelTimer = () => {};
  #cancelWatch: CancelTimer = () => {};
  #cancelToken: CancelTimer = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.random);
  }

  /** Media may be sent. */
  get open(): boolean {
    return this.#open;
  }

  /** Connections tried. */
  get tries(): number {
    return this.#tries;
  }

  /** The link takes more bytes now. */
  get hasRoom(): boolean {
    return this.#open && (this.#link?.bufferedBytes ?? LINK_BYTES) < LINK_BYTES;
  }

  send(bytes: Uint8Array): void {
    this.#link?.send(bytes);
  }

  /** The server works: the next break begins with short waits again. */
  proved(): void {
    this.#backOff.reset();
  }

  connect(): void {
    if (this.#ended) return;
    const { transport, url } = this.#options;
    this.#acks = new AckReader();
    this.#tries++;
    const link = transport.connect(url, {
      opened: () => void this.#opened(link),
      text: (piece) => this.#link === link && this.#text(piece),
      closed: (reason) => this.#link === link && this.#lost(reason),
    });
    this.#link = link;
    this.#cancelWatch = this.#options.clock.after(CONNECT_MS, () => this.drop("no answer"));
  }

  /** Ends this connection and tries another. */
  drop(reason: string): void {
    this.#link?.close();
    this.#lost(reason);
  }

  /** No more connections. */
  end(): void {
    this.#ended = true;
    this.#reset();
    this.#cancelRetry();
  }

  #reset(): void {
    this.#cancelWatch();
    this.#cancelToken();
    this.#link?.close();
    this.#link = undefined;
    this.#open = false;
  }

  async #opened(link: Link): Promise<void> {
    const { clock, token, opened } = this.#options;
    if (token !== undefined) {
      try {
        this.#present(link, await token());
      } catch (error) {
        if (this.#link === link) this.drop(`no token: ${asFault(error).message}`);
        return;
      }
    }
    // It may have been lost while the token was fetched.
    if (this.#link !== link) return;
    this.#open = true;
    this.#heardAt = clock.elapsed();
    this.#watch();
    opened();
  }

  /** Tells the token, and plans the next one. */
  #present(link: Link, given: Token | string): void {
    if (this.#link !== link) return;
    const { token, expiresMs } = typeof given === "string" ? { token: given } : given;
    link.sendText(JSON.stringify({ type: "token", token }));
    this.#cancelToken();
    if (expiresMs === undefined) return;
    const lifeMs = expiresMs - this.#options.clock.now();
    const earlyMs = Math.max(REFRESH_MIN_MS, lifeMs * REFRESH_SHARE);
    this.#refreshIn(link, Math.max(1000, lifeMs - earlyMs));
  }

  #refreshIn(link: Link, ms: number): void {
    const { clock, token } = this.#options;
    this.#cancelToken = clock.after(Math.min(ms, MAX_TIMER_MS), () => {
      Promise.resolve(token?.()).then(
        (given) => given !== undefined && this.#present(link, given),
        // The old one is good for a little longer; when it ends, the server says so.
        () => this.#link === link && this.#refreshIn(link, 1000),
      );
    });
  }

  #text(piece: string): void {
    this.#heardAt = this.#options.clock.elapsed();
    for (const ack of this.#acks.push(piece)) this.#options.ack(ack);
  }

  #lost(reason: string): void {
    this.#reset();
    if (this.#ended) return;
    const { clock, lost } = this.#options;
    const retryMs = this.#backOff.next();
    this.#cancelRetry();
    this.#cancelRetry = clock.after(retryMs, () => this.connect());
    lost(reason, retryMs);
  }

  #watch(): void {
    const { clock, waiting } = this.#options;
    this.#cancelWatch();
    this.#cancelWatch = clock.after(ACK_TIMEOUT_MS / 6, () => {
      const silentMs = clock.elapsed() - this.#heardAt;
      if (waiting() && silentMs >= ACK_TIMEOUT_MS)
        this.drop(`no ack for ${Math.round(silentMs / 1000)} s`);
      else this.#watch();
    });
  }
}
