/** How a producer reaches a server. The core knows only this; a test, a page and a program bring their own. */

export interface Transport {
  /** Begins to connect and returns at once. Handlers are called later, never from inside this call. */
  connect(url: string, handlers: LinkHandlers): Link;
}

export interface LinkHandlers {
  /** Bytes may be sent from now on. Called at most once. */
  opened(): void;
  /** A piece of the server's answer: acks, split anywhere. */
  text(piece: string): void;
  /** The link is gone, or could not be made. Called at most once, and nothing after it. */
  closed(reason: string): void;
}

export interface Link {
  /** Takes the bytes at once; they must not be changed afterwards. */
  send(bytes: Uint8Array): void;
  /** Bytes taken and not yet handed to the network. */
  readonly bufferedBytes: number;
  close(): void;
}
