/**
 * One viewer's tail socket: connects, connects again when it breaks, and tells configurations apart from
 * media. Knows the protocol, not what is done with the media.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { readTailMessage, type TailConfig, type TailMessage } from "./tail-messages.ts";

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** The server says something every 5 s. A connection that is silent for so long is dead, although nobody closed it. */
export const SILENT_MS = 12_000;

export interface TailHandlers {
  /** A timeline begins; `init` is its initialization segment. */
  begin(config: TailConfig, init: Uint8Array): void;
  /** One frame: `moof` and `mdat`. */
  media(chunk: Uint8Array): void;
  /** Anything but `config`. */
  message(message: Exclude<TailMessage, TailConfig>): void;
  /** The socket opened or is gone. */
  connection(open: boolean): void;
}

export interface TailSessionOptions {
  readonly clock: Clock;
  /** `http(s)://host` of the server. */
  readonly server: string;
  readonly stream: string;
  /** Sent in the address: a browser's WebSocket takes no headers. */
  readonly token?: string | undefined;
  /** What this browser can play, as the server takes it; see docs/formats/tail.md. */
  readonly codecs?: string | undefined;
  readonly handlers: TailHandlers;
}

export class TailSession {
  readonly #options: TailSessionOptions;
  #socket: WebSocket | undefined;
  #active = false;
  #config: TailConfig | undefined;
  #retries = 0;
  #cancelRetry: CancelTimer = () => {};
  #cancelSilence: CancelTimer = () => {};
  #listens = false;
  #heardAt = 0;
  /** Where to begin when the socket has to be opened again. */
  #from: () => number | undefined = () => undefined;

  constructor(options: TailSessionOptions) {
    this.#options = options;
  }

  /** Between `open` and `close`, whether connected at the moment or not. */
  get active(): boolean {
    return this.#active;
  }

  /** `from` gives the producer time to begin at, ms, or `undefined` for live; asked at every connection. */
  open(from: () => number | undefined): void {
    this.close();
    this.#from = from;
    this.#active = true;
    this.#connect();
  }

  close(): void {
    this.#active = false;
    this.#cancelRetry();
    this.#deaf();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#config = undefined;
    socket?.close();
  }

  #connect(): void {
    const { server, stream, token, codecs, handlers } = this.#options;
    const from = this.#from();
    const start = from === undefined ? "" : `&joined=1&from=${Math.floor(from)}`;
    const can = codecs === undefined ? start : `&codecs=${codecs}${start}`;
    const query = token === undefined ? can : `${can}&token=${encodeURIComponent(token)}`;
    const base = server.replace(/^http/, "ws");
    const url = `${base}/v1/streams/${encodeURIComponent(stream)}/tail?format=fmp4${query}`;
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#config = undefined;
    this.#heard();
    socket.onopen = () => this.#socket === socket && handlers.connection(true);
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return;
      this.#retries = 0;
      this.#heard();
      if (typeof data === "string") this.#text(data);
      else this.#binary(new Uint8Array(data as ArrayBuffer));
    };
    socket.onclose = () => this.#socket === socket && this.#lost();
  }

  /** Something came: it lives. */
  #heard(): void {
    this.#heardAt = this.#options.clock.elapsed();
    if (!this.#listens) this.#listen(SILENT_MS);
  }

  /** One timer for many messages. */
  #listen(ms: number): void {
    const { clock } = this.#options;
    this.#listens = true;
    this.#cancelSilence = clock.after(ms, () => {
      const left = this.#heardAt + SILENT_MS - clock.elapsed();
      if (left > 0) {
        this.#listen(left);
        return;
      }
      const socket = this.#socket;
      this.#lost();
      // Half open: its closing handshake is never answered, so nobody waits for it.
      socket?.close();
    });
  }

  #deaf(): void {
    this.#listens = false;
    this.#cancelSilence();
  }

  /** The connection is gone: another one after a while. */
  #lost(): void {
    this.#socket = undefined;
    this.#deaf();
    this.#options.handlers.connection(false);
    const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#retries++, 8));
    this.#cancelRetry();
    this.#cancelRetry = this.#options.clock.after(wait, () => this.#connect());
  }

  #text(text: string): void {
    const message = readTailMessage(text);
    if (message === undefined) return;
    if (message.type === "config") this.#config = message;
    else this.#options.handlers.message(message);
  }

  #binary(bytes: Uint8Array): void {
    const config = this.#config;
    this.#config = undefined;
    if (config === undefined) this.#options.handlers.media(bytes);
    else this.#options.handlers.begin(config, bytes);
  }
}
