/**
 * Whole fragments of a stream, each once and in order: from any place in the archive and on into live, over lost connections
 * and restarts of the server. Every fragment has a token; `{ after: token }` goes on behind it, in another program too.
 * Over the KVS operation GetMedia.
 */
import { Fault } from "../base/errors.ts";
import { type ConsumedFrame, fragments, type MkvFragment } from "../media/mkv/consumer.ts";
import { ApiError, type Connection } from "./connection.ts";
import { Pauses } from "./pauses.ts";

/** Where reading begins. Times: of the fragment that has them, or the next one. */
export type StartPlace =
  | "now"
  | "earliest"
  | { readonly after: string }
  | { readonly producerMs: number }
  | { readonly serverMs: number };

/** Where to begin, and when to end. */
export interface ConsumeOptions {
  /** Default `now`. */
  readonly from?: StartPlace;
  readonly signal?: AbortSignal;
  /** Told when the connection was lost, and how long is waited, ms. */
  readonly lost?: (error: unknown, waitMs: number) => void;
}

/** A fragment as it was delivered. */
export interface ConsumedFragment extends MkvFragment<ConsumedFrame> {
  /** Reading goes on behind it with `{ after: token }`. */
  readonly token: string;
}

/**
 * Ends when the signal aborts. Throws `ApiError` where trying again is of no use (no such stream, not allowed), `Fault`
 * `store.not-found` when a fragment to go on after is not known.
 */
export async function* consume(
  connection: Connection,
  stream: string,
  { from = "now", signal, lost = () => {} }: ConsumeOptions = {},
): AsyncGenerator<ConsumedFragment, undefined> {
  const waits = new Pauses(connection.clock);
  for (let place = from; signal?.aborted !== true; ) {
    try {
      for await (const fragment of mediaOf(connection, { stream, place, signal })) {
        waits.reset();
        place = { after: fragment.token };
        yield fragment;
        if (signal?.aborted) return;
      }
      // The server ended it: it restarts, or the connection has lasted long enough.
      await waits.wait(signal, (ms) => lost(undefined, ms));
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && !error.passing) throw error;
      if (error instanceof Fault && error.code === "store.not-found") throw error;
      await waits.wait(signal, (ms) => lost(error, ms));
    }
  }
}

interface MediaRequest {
  readonly stream: string;
  readonly place: StartPlace;
  readonly signal: AbortSignal | undefined;
}

/** One GetMedia. What a cut connection left unfinished is not given: it comes again, whole. */
async function* mediaOf(connection: Connection, { stream, place, signal }: MediaRequest) {
  const body = { StreamName: stream, StartSelector: selectorOf(place) };
  const answer = await connection.ask("/getMedia", { method: "POST", body, signal });
  if (answer.body === null) return;
  for await (const fragment of fragments(answer.body)) {
    const failure = fragment.tags.get("AWS_KINESISVIDEO_ERROR_ID");
    if (failure !== undefined) {
      const text = fragment.tags.get("AWS_KINESISVIDEO_ERROR_CODE") ?? "";
      const code = failure === "4000" ? "store.not-found" : "store.unavailable";
      throw new Fault(code, `the server stopped: ${failure} ${text}`);
    }
    const { continuationToken: token } = fragment;
    if (token !== undefined) yield { ...fragment, token };
  }
}

function selectorOf(place: StartPlace): object {
  if (place === "now") return { StartSelectorType: "NOW" };
  if (place === "earliest") return { StartSelectorType: "EARLIEST" };
  if ("after" in place)
    return { StartSelectorType: "FRAGMENT_NUMBER", AfterFragmentNumber: place.after };
  const [type, ms] =
    "producerMs" in place
      ? ["PRODUCER_TIMESTAMP", place.producerMs]
      : ["SERVER_TIMESTAMP", place.serverMs];
  return { StartSelectorType: type, StartTimestamp: ms / 1000 };
}
