/** The WebSockets of the native API as they are described beside its routes. */
import type { QueryTable } from "../routes/parameters.ts";
import { PUT, TAIL } from "../socket-params.ts";

export interface SocketText {
  readonly summary: string;
  readonly query: QueryTable;
  /** What a client sends, and what it gets: in words. */
  readonly sends: string;
  readonly receives: string;
}

/** By path, as Fastify would have it. */
export const SOCKETS: Readonly<Record<string, SocketText>> = {
  "/v1/streams/:name/put": {
    summary: "A WebSocket to push media",
    query: PUT,
    sends:
      "binary messages: pieces of one Matroska stream, split anywhere; text: JSON, such as a token",
    receives: "text messages: one acknowledgement each, as JSON",
  },
  "/v1/streams/:name/tail": {
    summary: "A WebSocket to watch, live or from a time on",
    query: TAIL,
    sends: "text messages: JSON; a fresh token counts, all else is ignored",
    receives: "text messages: JSON of what follows; binary messages: frames or media, by `format`",
  },
};
