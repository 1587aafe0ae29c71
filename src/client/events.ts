/** What happens on a server, as it happens: the server-sent events of `/v1/events/stream`, over lost connections. */
import { ApiError, type Connection } from "./connection.ts";
import { Pauses } from "./pauses.ts";
import type { BankEvent } from "./types.ts";

/** Where to begin, what to be told, when to end. */
export interface EventOptions {
  /** Later than the event of this id, also of another program. Default: what happens from now on. */
  readonly after?: number;
  /** Default: all. */
  readonly types?: readonly string[];
  /** A stream's name, with `*` for any characters. Default: all. */
  readonly streams?: string;
  readonly signal?: AbortSignal;
  /** A lost connection, and how long is waited before the next try. */
  readonly lost?: (error: Error, waitMs: number) => void;
}

/** Bytes of one event: a server that sends no end of a line is none. */
const MAX_EVENT_CHARS = 1 << 20;

/** Ends when the signal aborts. Throws `ApiError` for what will not pass. */
export async function* events(
  connection: Connection,
  options: EventOptions = {},
): AsyncGenerator<BankEvent, undefined> {
  const { types, streams, signal, lost } = options;
  const waits = new Pauses(connection.clock);
  let { after } = options;
  while (signal?.aborted !== true) {
    try {
      const query = { after, types: types?.join(","), streams };
      const answer = await connection.ask("/v1/events/stream", { query, signal });
      for await (const event of parsed(answer)) {
        waits.reset();
        after = event.id;
        yield event;
      }
      throw new ApiError("unreachable", 0, "the server has ended the events");
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && !error.passing) throw error;
      // From the very first moment: what happens while the connection is made anew is not passed over.
      after ??= await lastId(connection, signal);
      await waits.wait(signal, (ms) => lost?.(error as Error, ms));
    }
  }
}

async function lastId(connection: Connection, signal: AbortSignal | undefined) {
  const query = { limit: 1 };
  return connection
    .json<{ readonly lastId: number }>("/v1/events", { query, signal })
    .then((page) => page.lastId)
    .catch(() => undefined);
}

async function* parsed({ body }: Response): AsyncGenerator<BankEvent> {
  if (body === null) return;
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    if (text.length > MAX_EVENT_CHARS)
      throw new ApiError("request.bad", 200, "the server sends what is no event");
    for (const block of blocks) {
      const data = block.split("\n").find((line) => line.startsWith("data: "));
      if (data !== undefined) yield JSON.parse(data.slice("data: ".length)) as BankEvent;
    }
  }
}
