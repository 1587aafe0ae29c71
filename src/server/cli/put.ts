/** `streambank put FILE|-`: pushes Matroska to a stream with PutMedia and waits for its acks. */
import { Fault } from "../../base/errors.ts";
import { readSecret } from "../push-tokens.ts";
import type { StreamView } from "../routes/streams.ts";
import { readArgs } from "./args.ts";
import { callJson, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { openInput } from "./input.ts";
import { paced } from "./pace.ts";
import { hoursOf } from "./rules.ts";
import { createStream } from "./streams.ts";
import { timeOf } from "./times.ts";
import { type UploadResult, upload } from "./upload.ts";

const flags = {
  ...serverFlag,
  stream: { type: "string" },
  create: { type: "boolean" },
  start: { type: "string" },
  realtime: { type: "boolean" },
  "token-file": { type: "string" },
  "retention-hours": { type: "string" },
} as const;

/** What a stopped command did on purpose. */
const CUT = "mkv.truncated";

/**
 * Exit code 0 when all of the input was sent and every fragment stored (or only received, when the stream
 * keeps nothing).
 */
export const put: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 1 });
  const [path] = args.rest;
  if (path === undefined) throw new Fault("config.bad", "put: the FILE is missing (- for stdin)");
  const stream = args.need("stream");
  const base = serverUrl(args);
  const startMs = timeOf(args, "start") ?? context.clock.now();
  const hours = hoursOf(args, "retention-hours");
  if (hours !== undefined && !args.on("create"))
    throw new Fault("config.bad", "--retention-hours is for new streams: add --create");
  const tokenFile = args.text("token-file");
  const token = tokenFile === undefined ? undefined : readSecret(tokenFile);
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  try {
    const input = await begun(openInput(path, { stdin: context.stdin, signal }), path);
    if (args.on("create")) await createIfMissing({ base, name: stream, hours, signal });
    const body = args.on("realtime") ? paced(input, { clock: context.clock, signal }) : input;
    const result = await upload({ base, stream, token, startMs, body, context });
    return await report(result, { base, stream, context });
  } finally {
    // Input that nobody waits for any more would keep the process alive.
    over.abort();
  }
};

/** The same input, known to exist: nothing is created and nobody called for a file that cannot be read. */
async function begun(
  input: AsyncIterable<Uint8Array>,
  path: string,
): Promise<AsyncIterable<Uint8Array>> {
  const chunks = input[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) throw new Fault("request.bad", `${path} is empty`);
  const all = async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  return all();
}

async function createIfMissing(options: Parameters<typeof createStream>[0]): Promise<void> {
  try {
    await createStream(options);
  } catch (error) {
    if (!(error instanceof Fault && error.code === "stream.exists")) throw error;
  }
}

interface Target {
  readonly base: string;
  readonly stream: string;
  readonly context: CliContext;
}

/** Says what became of the input. Resolves with the exit code. */
async function report({ tally, whole, lost }: UploadResult, target: Target): Promise<number> {
  const { stdout, stderr, signal } = target.context;
  const stopped = signal.aborted;
  const errors = tally.errors.filter(({ code }) => !(stopped && code === CUT));
  // The question comes first, so that what is printed is complete when it fails.
  const liveOnly = tally.received > tally.persisted && errors.length === 0 && !stopped;
  const stored = tally.persisted === tally.received || (liveOnly && (await keepsNothing(target)));
  await write(stdout, `${tally.line()}${stored && liveOnly ? ": the stream is live only" : ""}\n`);
  for (const { line } of errors) await write(stderr, `${line}\n`);
  if (stopped) await write(stderr, "stopped before the end of the input\n");
  if (stopped) return 130;
  if (lost !== undefined) throw lost;
  if (errors.length > 0) return 1;
  if (!whole)
    throw new Fault(
      "server.closing",
      "the server ended the connection before all of the input was sent",
    );
  if (!stored) throw new Fault("store.unavailable", "not everything received was stored");
  if (tally.received === 0) throw new Fault("request.no-media", "there was no media in the input");
  return 0;
}

async function keepsNothing({ base, stream, context }: Target): Promise<boolean> {
  const { signal } = context;
  const view = await callJson<StreamView>(`${base}${streamPath(stream)}`, { signal });
  return view.retentionHours === 0;
}
