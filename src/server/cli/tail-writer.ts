/** Writes what a socket brings, in order. A slow output makes the socket wait: the server knows what to leave out. */
import type { WebSocket } from "ws";
import type { Output } from "./output.ts";

/** Unwritten bytes above which the socket is not read, and below half of which it is again. */
const MAX_HELD_BYTES = 1 << 20;

export interface TailWriterOptions {
  readonly socket: WebSocket;
  /** Called by `begin`, once. */
  readonly open: () => Promise<Output>;
  /** The output cannot be opened or written; nothing more will be. May be called more than once. */
  readonly onFailed: (error: unknown) => void;
}

export class TailWriter {
  readonly #options: TailWriterOptions;
  #output: Output | undefined;
  #last = Promise.resolve();
  #held = 0;

  constructor(options: TailWriterOptions) {
    this.#options = options;
  }

  /** Opens the output; before the first `push`. */
  begin(): void {
    this.#queue(async () => {
      this.#output = await this.#options.open();
    });
  }

  push(data: string | Uint8Array): void {
    const { socket } = this.#options;
    this.#held += data.length;
    if (this.#held > MAX_HELD_BYTES) socket.pause();
    this.#queue(async () => {
      await this.#output?.write(data);
      this.#held -= data.length;
      if (socket.isPaused && this.#held < MAX_HELD_BYTES / 2) socket.resume();
    });
  }

  /** Resolves when everything is written and the output is closed. Rejects when it could not be. */
  async finish(): Promise<void> {
    await this.#last;
    await this.#output?.finish();
  }

  #queue(step: () => Promise<void>): void {
    this.#last = this.#last.then(step);
    this.#last.catch(this.#options.onFailed);
  }
}
