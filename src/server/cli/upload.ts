/** One PutMedia request: the body goes out once the server has accepted, acks come in while it does. */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as tlsRequest } from "node:https";
import { Fault, type FaultCode } from "../../base/errors.ts";
import { AckTally } from "./ack-tally.ts";
import { unreachable } from "./client.ts";
import { type CliContext, write } from "./context.ts";
import { Progress } from "./progress.ts";

export interface UploadOptions {
  /** The server's base URL. */
  readonly base: string;
  readonly stream: string;
  /** For servers that ask who pushes. */
  readonly token?: string | undefined;
  /** Producer time of file time 0, ms since the Unix epoch. */
  readonly startMs: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Its signal ends the body early; the acks of what was sent are still waited for. */
  readonly context: Pick<CliContext, "signal" | "stderr" | "clock">;
}

export interface UploadResult {
  readonly tally: AckTally;
  /** False: the body was not sent to its end. */
  readonly whole: boolean;
  /** Why the acks ended early, when they did. */
  readonly lost?: Fault;
}

/** Throws the server's refusal, `server.closing` when there is no server, and what the body throws. */
export async function upload(options: UploadOptions): Promise<UploadResult> {
  const { base, body, context } = options;
  const out = openRequest(options);
  try {
    const response = await accepted(out, base, context.signal);
    const tally = new AckTally();
    const answer = { ended: false };
    const acks = readAcks(response, tally).then(
      () => undefined,
      (error: Fault) => error,
    );
    const over = acks.finally(() => {
      answer.ended = true;
    });
    const sending = sendBody({ out, body, context, tally, answer });
    // The answer may end first, with an ERROR ack: then the rest of the input is not sent.
    await Promise.race([sending, over]);
    const lost = await over;
    const whole = out.writableEnded && !context.signal.aborted;
    return { tally, whole, ...(lost === undefined ? {} : { lost }) };
  } finally {
    out.destroy();
  }
}

function openRequest({ base, stream, token, startMs }: UploadOptions): ClientRequest {
  const start = `${Math.floor(startMs / 1000)}.${String(startMs % 1000).padStart(3, "0")}`;
  const open = base.startsWith("https:") ? tlsRequest : request;
  const out = open(`${base}/putMedia`, {
    method: "POST",
    headers: {
      "x-amzn-stream-name": stream,
      "x-amzn-fragment-timecode-type": "RELATIVE",
      "x-amzn-producer-start-timestamp": start,
      "transfer-encoding": "chunked",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  out.setNoDelay(true);
  out.flushHeaders();
  return out;
}

/**
 * Resolves with the answer's beginning. Nothing of the body is sent before: a server that refuses closes the
 * connection, and its reason would be lost under the broken pipe.
 */
function accepted(out: ClientRequest, base: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const stop = () => out.destroy(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    // Stays for good: once the answer has begun, what happened is told there.
    out.on("error", (cause) => reject(signal.aborted ? cause : unreachable(base, cause)));
    out.once("response", (response: IncomingMessage) => {
      signal.removeEventListener("abort", stop);
      response.setEncoding("utf8");
      if (response.statusCode === 200) return resolve(response);
      let text = "";
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.once("error", (cause) => reject(unreachable(base, cause)));
      response.once("end", () => reject(refusal(response, text)));
    });
  });
}

/** Resolves when the answer ended as it should; rejects with a `Fault` when it did not. */
async function readAcks(response: IncomingMessage, tally: AckTally): Promise<void> {
  try {
    for await (const piece of response) tally.read(piece as string);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const why = (cause as NodeJS.ErrnoException).code ?? "";
    throw new Fault("server.closing", `the connection to the server was lost (${why})`, { cause });
  }
}

interface SendOptions extends Pick<UploadOptions, "body" | "context"> {
  readonly out: ClientRequest;
  readonly tally: AckTally;
  readonly answer: { readonly ended: boolean };
}

/** Resolves when the body is sent, the command is stopped or the server has gone. Rejects with what the body throws. */
async function sendBody({ out, body, context, tally, answer }: SendOptions): Promise<void> {
  const { signal, stderr, clock } = context;
  const progress = new Progress({ out: stderr, clock });
  let sent = 0;
  try {
    for await (const chunk of body) {
      if (signal.aborted) break;
      if (answer.ended || !(await taken(out, chunk))) return;
      sent += chunk.length;
      progress.show(sent, tally.line());
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    progress.end();
  }
  out.end();
}

/**
 * False when the connection has gone. What the server has said by then is read before the next chunk goes out:
 * a broken pipe would take an ERROR ack that waits behind it away.
 */
async function taken(out: ClientRequest, chunk: Uint8Array): Promise<boolean> {
  try {
    await write(out, chunk);
  } catch {
    return false;
  }
  await new Promise((resolve) => setImmediate(resolve));
  return true;
}

function refusal(response: IncomingMessage, text: string): Fault {
  try {
    const { Message, Code } = JSON.parse(text) as { Message: string; Code: FaultCode };
    if (Message !== undefined && Code !== undefined) return new Fault(Code, Message);
  } catch {}
  const line = text.slice(0, 200).replace(/\s+/g, " ").trim();
  return new Fault("request.bad", `the server answered ${response.statusCode} ${line}`);
}
