/**
 * From a producer in this process to an ingest session: what a WebSocket does between two processes. Bytes are handed
 * over as they are; acks come back as the lines a socket would carry.
 */
import type { Link, LinkHandlers, Transport } from "../../../producer-sdk/src/transport.ts";
import { asFault } from "../../base/errors.ts";
import type { StreamCatalogue } from "../../fragment/fragment.ts";
import { ackLine } from "../../ingest/ack.ts";
import { ensureStream } from "../../ingest/ensure-stream.ts";
import type { Ingest } from "../../ingest/ingest.ts";
import type { IngestSession, SessionTransport } from "../../ingest/session.ts";

export interface LocalParts {
  readonly ingest: Ingest;
  readonly catalogue: StreamCatalogue;
  readonly defaultRetentionHours: number;
}

/** Connections to one stream, which is made when it is missing. Block times are epoch times. */
export class LocalTransport implements Transport {
  readonly #stream: string;
  readonly #parts: LocalParts;
  readonly #running = new Set<Promise<void>>();

  constructor(stream: string, parts: LocalParts) {
    this.#stream = stream;
    this.#parts = parts;
  }

  /** The address is not looked at: there is one stream and one server. */
  connect(_url: string, handlers: LinkHandlers): Link {
    const link = new LocalLink(handlers);
    const run: Promise<void> = this.#run(link)
      .catch((error) => link.finished(asFault(error).message))
      .then(() => {
        this.#running.delete(run);
      });
    this.#running.add(run);
    return link;
  }

  /** Resolves when all that was sent is decided and no session is left. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(link: LocalLink): Promise<void> {
    await ensureStream(this.#stream, true, this.#parts);
    const transport = sessionTransport(link);
    const producer = { protocol: "source", identity: "source" } as const;
    const stream = this.#stream;
    const session = await this.#parts.ingest.open({ stream, startNs: 0n, transport, producer });
    link.opened(session);
    await session.done;
  }
}

function sessionTransport(link: LocalLink): SessionTransport {
  return {
    send: (ack) => link.tell(ackLine(ack)),
    pause: () => link.pause(),
    resume: () => link.resume(),
    finished: (fault) => link.finished(fault?.message ?? "nothing came for too long"),
  };
}

class LocalLink implements Link {
  readonly #handlers: LinkHandlers;
  #session: IngestSession | undefined;
  #paused = false;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #said = "";
  #over = false;

  constructor(handlers: LinkHandlers) {
    this.#handlers = handlers;
  }

  /** What waits because the archive is behind. */
  get bufferedBytes(): number {
    return this.#keptBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#over) return;
    if (!this.#paused && this.#session !== undefined) this.#session.push(bytes);
    else {
      this.#kept.push(bytes);
      this.#keptBytes += bytes.length;
    }
  }

  /** Tokens: nobody has to be let in here. */
  sendText(): void {}

  close(): void {
    this.#over = true;
    this.#session?.abort();
  }

  opened(session: IngestSession): void {
    this.#session = session;
    if (this.#over) session.abort();
    else this.#handlers.opened();
  }

  /** Later, because a producer may send from inside the handler: a session takes one chunk at a time. */
  tell(line: string): void {
    if (this.#said === "")
      queueMicrotask(() => {
        const text = this.#said;
        this.#said = "";
        if (!this.#over) this.#handlers.text(text);
      });
    this.#said += line;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const bytes = this.#kept.shift();
      if (bytes === undefined) return;
      this.#keptBytes -= bytes.length;
      this.#session?.push(bytes);
    }
  }

  /** After the acks that were told before. */
  finished(reason: string): void {
    queueMicrotask(() => {
      if (this.#over) return;
      this.#over = true;
      this.#handlers.closed(reason);
    });
  }
}
