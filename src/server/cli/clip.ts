/** `streambank clip`: a time range of a stream as one file. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Fault } from "../../base/errors.ts";
import { type Args, readArgs } from "./args.ts";
import { call, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { rangeQuery } from "./list.ts";
import { Progress } from "./progress.ts";

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
  const args = readArgs(argv, flags);
  const output = args.need("output");
  args.need("from");
  args.need("to");
  const url = `${serverUrl(args)}${streamPath(args.need("stream"))}/clip.${format(args, output)}`;
  const response = await call(`${url}?${rangeQuery(args)}`, { signal: context.signal });
  const omitted = response.headers.get("x-streambank-omitted-tracks");
  if (omitted !== null)
    await write(context.stderr, `left out, the format cannot carry them: ${omitted}\n`);
  if (output === "-") await copy(response, context.stdout, context);
  else await saveAs(output, response, context);
  return 0;
};

function format(args: Args, output: string): "mkv" | "mp4" {
  const text = args.text("format") ?? (output.endsWith(".mp4") ? "mp4" : "mkv");
  if (text === "mkv" || text === "mp4") return text;
  throw new Fault("config.bad", `--format: mkv or mp4, not ${text}`);
}

/** Written beside its name and renamed when whole: a clip that was cut never looks finished. */
async function saveAs(path: string, response: Response, context: CliContext): Promise<void> {
  const part = `${path}.part`;
  const file = createWriteStream(part);
  try {
    await new Promise<void>((resolve, reject) => {
      file.once("open", () => resolve());
      file.once("error", reject);
    });
    await copy(response, file, context);
    await new Promise<void>((resolve, reject) => {
      file.once("error", reject);
      file.end(() => resolve());
    });
    await rename(part, path);
  } catch (error) {
    file.destroy();
    await rm(part, { force: true });
    throw error;
  }
}

async function copy(
  response: Response,
  out: NodeJS.WritableStream,
  context: CliContext,
): Promise<void> {
  const length = response.headers.get("content-length");
  const total = length === null ? {} : { total: Number(length) };
  const progress = new Progress({ out: context.stderr, clock: context.clock, ...total });
  let done = 0;
  for await (const chunk of response.body ?? []) {
    await write(out, chunk);
    done += chunk.length;
    progress.show(done);
  }
  progress.end();
  if (length !== null && done !== Number(length))
    throw new Fault("store.corrupt", `the clip ended after ${done} of ${length} bytes`);
}
