/** How a producer reaches a server. The core knows only this; a test, a page and a program bring their own. */

/** Makes connections that carry bytes one way and acks the other. */
export interface Transport {
  /** Begins to connect and returns at once. Handlers are called later, never from inside this call. */
  connect(url: string, handlers: LinkHandlers): Link;
}

/** What a connection tells its producer. */
export interface LinkHandlers {
  /** Bytes may be sent from now on. Called at most once. */
  opened(): void;
  /** A piece of the server's answer: acks, split anywhere. */
  text(piece: string): void;
  /** The link is gone, or could not be made. Called at most once, and nothing after it. */
  closed(reason: string): void;
}

/** One connection, or the attempt at one. */
export interface Link {
  /** Takes the bytes at once; they must not be changed afterwards. */
  send(bytes: Uint8Array): void;
  /** A message to the server that is no media: JSON. */
  sendText(text: string): void;
  /** Bytes taken and not yet handed to the network. */
  readonly bufferedBytes: number;
  close(): void;
}
