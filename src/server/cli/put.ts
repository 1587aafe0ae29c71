/** `streambank put FILE|-`: pushes Matroska to a stream with PutMedia and waits for its acks. */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as tlsRequest } from "node:https";
import { Fault } from "../../base/errors.ts";
import { parseTime } from "../../play/time.ts";
import { AckTally } from "./ack-tally.ts";
import { type Args, readArgs } from "./args.ts";
import { serverFlag, serverUrl, unreachable } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { openInput } from "./inspect.ts";
import { paced } from "./pace.ts";
import { Progress } from "./progress.ts";
import { createStream } from "./streams.ts";

const flags = {
  ...serverFlag,
  stream: { type: "string" },
  create: { type: "boolean" },
  start: { type: "string" },
  realtime: { type: "boolean" },
  "retention-hours": { type: "string" },
} as const;

/** Exit code 0 when every fragment was stored (or only received, when the stream keeps nothing). */
export const put: Command = async (argv, context) => {
  const args = readArgs(argv, flags);
  const [path] = args.rest;
  if (path === undefined) throw new Fault("config.bad", "put: the FILE is missing (- for stdin)");
  const stream = args.need("stream");
  const base = serverUrl(args);
  const startMs = startOf(args, context);
  if (args.on("create")) await createIfMissing(base, stream, args.text("retention-hours"));
  const input = openInput(path, context);
  const body = args.on("realtime") ? paced(input, context) : input;
  const tally = await send({ base, stream, startMs, body, context });
  await write(context.stdout, `${tally.line()}\n`);
  for (const error of tally.errors) await write(context.stderr, `${error}\n`);
  return tally.complete ? 0 : 1;
};

function startOf(args: Args, context: CliContext): number {
  const text = args.text("start");
  return text === undefined ? context.clock.now() : parseTime(text);
}

async function createIfMissing(base: string, stream: string, hours?: string): Promise<void> {
  if (hours !== undefined && !/^\d+$/.test(hours))
    throw new Fault("config.bad", `--retention-hours: not a whole number: ${hours}`);
  try {
    await createStream(base, stream, hours === undefined ? undefined : Number(hours));
  } catch (error) {
    if (!(error instanceof Fault && error.code === "stream.exists")) throw error;
  }
}

interface SendOptions {
  readonly base: string;
  readonly stream: string;
  readonly startMs: number;
  readonly body: AsyncIterable<Uint8Array>;
  readonly context: CliContext;
}

async function send({ base, stream, startMs, body, context }: SendOptions): Promise<AckTally> {
  const url = `${base}/putMedia`;
  const start = `${Math.floor(startMs / 1000)}.${String(startMs % 1000).padStart(3, "0")}`;
  const open = url.startsWith("https:") ? tlsRequest : request;
  const out = open(url, {
    method: "POST",
    signal: context.signal,
    headers: {
      "x-amzn-stream-name": stream,
      "x-amzn-fragment-timecode-type": "RELATIVE",
      "x-amzn-producer-start-timestamp": start,
      "transfer-encoding": "chunked",
    },
  });
  out.setNoDelay(true);
  const tally = new AckTally();
  const answered = readAnswer(out, tally, url);
  // The answer may end first (an ERROR ack): then the rest of the input is not sent.
  await Promise.race([sendBody(out, body, tally, context).catch(() => {}), answered]);
  await answered;
  return tally;
}

async function sendBody(
  out: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  tally: AckTally,
  context: CliContext,
): Promise<void> {
  const progress = new Progress({ out: context.stderr, clock: context.clock });
  out.flushHeaders();
  let sent = 0;
  for await (const chunk of body) {
    if (out.destroyed || tally.ended) break;
    await write(out, chunk);
    sent += chunk.length;
    progress.show(sent, tally.line());
  }
  progress.end();
  out.end();
}

function readAnswer(out: ClientRequest, tally: AckTally, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    out.once("error", (cause) => (tally.ended ? resolve() : reject(unreachable(url, cause))));
    out.once("response", (response: IncomingMessage) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (piece: string) => {
        if (response.statusCode === 200) tally.read(piece);
        else text += piece;
      });
      response.once("error", (cause) => reject(unreachable(url, cause)));
      response.once("end", () => {
        tally.end();
        if (response.statusCode === 200) resolve();
        else reject(refusal(response, text));
      });
    });
  });
}

function refusal(response: IncomingMessage, text: string): Fault {
  const type = response.headers["x-amzn-errortype"];
  let message = text;
  try {
    message = (JSON.parse(text) as { Message?: string }).Message ?? text;
  } catch {}
  const code = type === "ResourceNotFoundException" ? "stream.not-found" : "request.bad";
  return new Fault(code, `${message} (${response.statusCode})`);
}
