/** `streambank clip`: a time range of a stream as one file. */
import { Fault } from "../../base/errors.ts";
import { type Args, readArgs } from "./args.ts";
import { call, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { type Output, openOutput } from "./output.ts";
import { Progress } from "./progress.ts";
import { rangeQuery } from "./times.ts";

const flags = {
  ...serverFlag,
  stream: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  clock: { type: "string" },
  format: { type: "string" },
  output: { type: "string", short: "o" },
} as const;

export const clip: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 0 });
  const path = args.need("output");
  args.need("from");
  args.need("to");
  const url = `${serverUrl(args)}${streamPath(args.need("stream"))}/clip.${format(args, path)}`;
  const response = await call(`${url}?${rangeQuery(args)}`, { signal: context.signal });
  const omitted = response.headers.get("x-streambank-omitted-tracks");
  if (omitted !== null)
    await write(context.stderr, `left out, the format cannot carry them: ${omitted}\n`);
  const output = await openOutput(path, context, { whole: true });
  try {
    await copy(response, output, context);
    await output.finish();
  } catch (error) {
    await output.discard();
    throw error;
  }
  return 0;
};

function format(args: Args, path: string): "mkv" | "mp4" {
  const text = args.text("format") ?? (path.endsWith(".mp4") ? "mp4" : "mkv");
  if (text === "mkv" || text === "mp4") return text;
  throw new Fault("config.bad", `--format: mkv or mp4, not ${text}`);
}

async function copy(response: Response, output: Output, context: CliContext): Promise<void> {
  const length = response.headers.get("content-length");
  const total = length === null ? {} : { total: Number(length) };
  const progress = new Progress({ out: context.stderr, clock: context.clock, ...total });
  let done = 0;
  try {
    for await (const chunk of received(response, context.signal)) {
      await output.write(chunk);
      done += chunk.length;
      progress.show(done);
    }
  } finally {
    progress.end();
  }
  if (length !== null && done !== Number(length))
    throw new Fault("store.corrupt", `the clip ended after ${done} of ${length} bytes`);
}

/** The answer's bytes. Throws `server.closing` when the connection breaks. */
async function* received(response: Response, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) yield chunk;
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new Fault("server.closing", "the server ended the connection in the middle of the clip", {
      cause,
    });
  }
}
