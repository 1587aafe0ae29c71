/** GetDataEndpoint, GetMedia, GetMediaForFragmentList, ListFragments. */
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../../base/errors.ts";
import { millis } from "../../../base/units.ts";
import type { ClockName } from "../../../fragment/fragment.ts";
import { parseFragmentNumber } from "../../../fragment/fragment-number.ts";
import { listFragments as pageOf } from "../../../play/fragments.ts";
import { fragmentList } from "../../../play/kvs-media/fragment-list.ts";
import { getMedia as mediaOf } from "../../../play/kvs-media/get-media.ts";
import type { MediaStart } from "../../../play/kvs-media/start.ts";
import { endpoint } from "../../routes/nodes.ts";
import type { KvsContext, StreamOperation } from "../context.ts";
import { KvsFault } from "../errors.ts";
import type { GetMediaInput, ListFragmentsInput } from "../inputs.ts";

/** Answers of GetMedia per stream at once. KVS allows 3. */
const MAX_READERS = 100;
const PAGE = 1000;

export const getDataEndpoint: StreamOperation<object, object> = async (_, context) => {
  const { parts, stream, baseUrl } = context;
  return { DataEndpoint: (await endpoint(parts, stream.name, baseUrl)).url };
};

const readers = new WeakMap<object, Map<string, number>>();

export const getMedia: StreamOperation<GetMediaInput, undefined> = async (input, context) => {
  const { parts, stream, response } = context;
  const start = startOf(input.StartSelector);
  const open = readers.get(parts.hub) ?? new Map<string, number>();
  readers.set(parts.hub, open);
  const count = open.get(stream.name) ?? 0;
  if (count >= MAX_READERS)
    throw new KvsFault(
      "ConnectionLimitExceededException",
      `${stream.name} has ${MAX_READERS} readers`,
    );
  open.set(stream.name, count + 1);
  // Frames of a stream that another node records come over one connection for all readers here.
  const unwatch = parts.nodes?.watch(stream.name);
  try {
    const { reader, hub, clock } = parts;
    await send(context, (signal) =>
      mediaOf({
        ...{ reader, hub, clock, stream: stream.name, start, signal },
        persists: stream.retentionHours > 0,
      }),
    );
  } finally {
    unwatch?.();
    open.set(stream.name, (open.get(stream.name) ?? 1) - 1);
    if (!response.writableEnded) response.destroy();
  }
  return undefined;
};

export const getMediaForFragmentList: StreamOperation<{ Fragments: string[] }, undefined> = async (
  { Fragments: numbers },
  context,
) => {
  const { parts, stream } = context;
  for (const number of numbers) parseFragmentNumber(number);
  const { reader } = parts;
  await send(context, (signal) => fragmentList({ reader, stream: stream.name, numbers, signal }));
  return undefined;
};

/** The body as it is made; a slow client makes it wait. */
async function send(
  { response }: KvsContext,
  body: (signal: AbortSignal) => AsyncGenerator<Uint8Array, undefined>,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.writeHead(200, { "content-type": "video/webm" });
  response.flushHeaders();
  await pipeline(body(gone.signal), response).catch((error: NodeJS.ErrnoException) => {
    if (!closed(error, response)) throw error;
  });
}

/** The client went away: that is how GetMedia ends. */
function closed(error: NodeJS.ErrnoException, response: ServerResponse): boolean {
  return response.destroyed || error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

function startOf(selector: GetMediaInput["StartSelector"]): MediaStart {
  const { StartSelectorType: type } = selector;
  const { AfterFragmentNumber, ContinuationToken, StartTimestamp } = selector;
  switch (type) {
    case "NOW":
      return { at: "now" };
    case "EARLIEST":
      return { at: "earliest" };
    case "FRAGMENT_NUMBER":
    case "CONTINUATION_TOKEN": {
      const number = type === "FRAGMENT_NUMBER" ? AfterFragmentNumber : ContinuationToken;
      if (number === undefined)
        throw missing(
          type,
          type === "FRAGMENT_NUMBER" ? "AfterFragmentNumber" : "ContinuationToken",
        );
      return { at: "after", sequence: parseFragmentNumber(number).sequence };
    }
    default: {
      if (StartTimestamp === undefined) throw missing(type, "StartTimestamp");
      const clock = type === "SERVER_TIMESTAMP" ? "server" : "producer";
      return { at: "time", clock, ms: millis(Math.round(StartTimestamp * 1000)) };
    }
  }
}

function missing(type: string, member: string): Fault {
  return new Fault("request.bad", `StartSelector.${member} is required for ${type}`);
}

/** What a page of ListFragments goes on with. */
interface ListToken {
  readonly clock: ClockName;
  readonly from: number;
  readonly to: number;
  /** Of the list behind it; undefined: from its start. */
  readonly inner?: string;
}

/** Fragments that begin in the range, both ends included. */
export const listFragments: StreamOperation<ListFragmentsInput, object> = async (
  { MaxResults: limit = PAGE, NextToken, FragmentSelector },
  { parts, stream },
) => {
  const asked = NextToken === undefined ? selected(FragmentSelector) : readToken(NextToken);
  const { clock, from, to } = asked;
  const range = { fromMs: millis(from), toMs: millis(to + 1) };
  const inner = asked.inner === undefined ? {} : { token: asked.inner };
  const page = await pageOf({
    ...{ reader: parts.reader, stream: stream.name, range, clock, limit },
    ...inner,
  });
  const begins = page.fragments.filter((one) => {
    const at = clock === "server" ? one.serverMs : one.producerMs;
    return at >= from && at <= to;
  });
  const next: ListToken | undefined =
    page.nextToken === undefined ? undefined : { clock, from, to, inner: page.nextToken };
  return {
    Fragments: begins.map((one) => ({
      FragmentNumber: one.number,
      FragmentSizeInBytes: one.bytes,
      ProducerTimestamp: one.producerMs / 1000,
      ServerTimestamp: one.serverMs / 1000,
      FragmentLengthInMilliseconds: one.durationMs,
    })),
    ...(next === undefined
      ? {}
      : { NextToken: Buffer.from(JSON.stringify(next)).toString("base64") }),
  };
};

function selected(selector: ListFragmentsInput["FragmentSelector"]): ListToken {
  if (selector === undefined)
    throw new Fault("request.bad", "FragmentSelector is required without a NextToken");
  const { StartTimestamp, EndTimestamp } = selector.TimestampRange;
  const [from, to] = [Math.round(StartTimestamp * 1000), Math.round(EndTimestamp * 1000)];
  if (from > to) throw new Fault("request.bad", "StartTimestamp is after EndTimestamp");
  const clock = selector.FragmentSelectorType === "SERVER_TIMESTAMP" ? "server" : "producer";
  return { clock, from, to };
}

function readToken(text: string): ListToken {
  try {
    const token = JSON.parse(Buffer.from(text, "base64").toString("utf8")) as ListToken;
    const { clock, from, to, inner } = token;
    if (clock !== "server" && clock !== "producer") throw new Error("clock");
    if (![from, to].every(Number.isSafeInteger) || typeof inner !== "string") throw new Error();
    return { clock, from, to, inner };
  } catch (cause) {
    throw new Fault("request.bad", "NextToken is not of this operation", { cause });
  }
}
