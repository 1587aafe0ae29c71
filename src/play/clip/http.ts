/**
 * A planned clip as an HTTP answer (RFC 9110): GET and HEAD, entity tag, one byte range. Several ranges in one
 * request are answered with the whole clip, which §14.2 allows; no player asks for them.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { ByteRange } from "./extents.ts";
import type { ClipPlan } from "./plan.ts";

export interface SendOptions {
  /** `attachment` (default): browsers save it. `inline`: they play it. */
  readonly disposition?: "attachment" | "inline";
}

/**
 * Answers and resolves when the answer is over: all sent, the client gone, or media gone (then the connection
 * is cut, so that a clip that is not whole never looks whole). Rejects only before anything is sent.
 */
export async function sendClip(
  req: IncomingMessage,
  res: ServerResponse,
  plan: ClipPlan,
  { disposition = "attachment" }: SendOptions = {},
): Promise<void> {
  for (const [name, value] of headersOf(plan, disposition)) res.setHeader(name, value);
  if (tagMatches(req.headers["if-none-match"], plan.etag)) {
    res.writeHead(304).end();
    return;
  }
  const range = rangeWanted(req, plan);
  if (range === "unsatisfiable") {
    sendUnsatisfiable(res, plan);
    return;
  }
  const { start, end } = range ?? { start: 0, end: plan.size };
  res.setHeader("content-length", end - start);
  if (range !== undefined) res.setHeader("content-range", `bytes ${start}-${end - 1}/${plan.size}`);
  res.writeHead(range === undefined ? 200 : 206);
  if (req.method === "HEAD") res.end();
  else await send(res, plan.chunks({ start, end }));
}

function headersOf(plan: ClipPlan, disposition: string): [string, string][] {
  const headers: [string, string][] = [
    ["accept-ranges", "bytes"],
    ["etag", plan.etag],
    ["content-type", plan.contentType],
    ["content-disposition", `${disposition}; filename="${plan.fileName}"`],
    // The newest part of a range may still be on its way: ask again, with the tag, before using a copy.
    ["cache-control", "private, no-cache"],
    ["x-streambank-from", isoTime(Math.floor(plan.firstUs / 1000))],
    ["x-streambank-to", isoTime(Math.ceil(plan.lastUs / 1000))],
    ["x-streambank-fragments", String(plan.fragments)],
  ];
  if (plan.omittedTracks.length > 0) {
    const names = plan.omittedTracks.map(({ number, codecId }) => `${number} ${codecId}`);
    // A codec id is the producer's text: only what may stand in a header.
    headers.push(["x-streambank-omitted-tracks", names.join(", ").replace(/[^\x20-\x7e]/g, "?")]);
  }
  return headers;
}

function sendUnsatisfiable(res: ServerResponse, plan: ClipPlan): void {
  const code = "request.range-not-satisfiable";
  const body = JSON.stringify({ error: { code, message: `the clip has ${plan.size} bytes` } });
  res.removeHeader("content-disposition");
  res.setHeader("content-type", "application/json");
  res.setHeader("content-length", Buffer.byteLength(body));
  res.setHeader("content-range", `bytes */${plan.size}`);
  res.writeHead(416);
  res.end(res.req.method === "HEAD" ? undefined : body);
}

/** RFC 9110 §13.1.2: weak comparison, any of a list, or `*`. */
function tagMatches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag);
}

function rangeWanted(
  req: IncomingMessage,
  plan: ClipPlan,
): ByteRange | "unsatisfiable" | undefined {
  const { range, "if-range": ifRange } = req.headers;
  // Another clip than the one the client has part of (§13.1.5: strong comparison; dates never match).
  if (range === undefined || (ifRange !== undefined && ifRange !== plan.etag)) return undefined;
  return parseRange(range, plan.size);
}

/**
 * A `Range` header for a body of `size` bytes (RFC 9110 §14.1.2). Undefined: to be ignored, because it is not
 * well formed, not in bytes, or more than one.
 */
export function parseRange(header: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*$/i.exec(header) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length > 0 ? { start: size - length, end: size } : "unsatisfiable";
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && Number(last) < start) return undefined;
  return start < size ? { start, end } : "unsatisfiable";
}

async function send(res: ServerResponse, chunks: AsyncGenerator<Uint8Array>): Promise<void> {
  // Ends the wait for a client that will never take more.
  const gone = new AbortController();
  res.once("close", () => gone.abort());
  res.on("error", () => gone.abort());
  try {
    for await (const chunk of chunks) {
      if (gone.signal.aborted) return;
      if (!res.write(chunk)) await once(res, "drain", { signal: gone.signal });
    }
    res.end();
  } catch (error) {
    if (gone.signal.aborted) return;
    // The status has gone out: a cut connection is the only way left to say that this is not all.
    res.destroy(error instanceof Fault ? error : undefined);
  }
}
