/** `streambank serve`, and `streambank demo`: the same server with a demo camera pushing to it. */

import { Fault } from "../../base/errors.ts";
import type { Config } from "../config.ts";
import { readSecret } from "../push-tokens.ts";
import { type RunningServer, startServer } from "../start.ts";
import { readArgs } from "./args.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { configOf, settingFlags } from "./server-settings.ts";
import { createStream } from "./streams.ts";

/** The stream the demo camera pushes to. */
const DEMO_STREAM = "demo";

export const serve: Command = async (argv, context) => {
  const workers = await withWorkers(argv, context);
  if (workers) return 0;
  const server = await open(argv, context);
  try {
    await write(context.stdout, `Streambank is ready. Player: ${server.url}/\n`);
    await stopped(context.signal);
  } finally {
    await server.close();
  }
  return 0;
};

export const demo: Command = async (argv, context) => {
  const server = await open(argv, context);
  try {
    const { pushKeyFile } = server.config;
    await createDemoStream(server.url, context.signal);
    const camera = context.demoCamera({
      url: server.url,
      stream: DEMO_STREAM,
      clock: context.clock,
      signal: context.signal,
      ...(pushKeyFile === undefined ? {} : { token: async () => readSecret(pushKeyFile) }),
      log: (line) => context.stderr.write(`demo camera: ${line}\n`),
    });
    await write(context.stdout, banner(server));
    await Promise.all([camera, stopped(context.signal)]);
  } finally {
    await server.close();
  }
  return 0;
};

async function open(argv: readonly string[], context: CliContext): Promise<RunningServer> {
  const args = readArgs(argv, settingFlags, { most: 0 });
  const config = configOf(args, context);
  return startServer({ config, clock: context.clock });
}

/** With `--workers` this process only looks after them. False: there are none to be. */
async function withWorkers(argv: readonly string[], context: CliContext): Promise<boolean> {
  const args = readArgs(argv, { ...settingFlags, workers: { type: "string" } }, { most: 0 });
  const wanted = args.text("workers");
  if (wanted === undefined) return false;
  const { MAX_WORKERS, runWorkers } = await import("./workers.ts");
  const count = Number(wanted);
  if (!/^\d+$/.test(wanted) || count < 1 || count > MAX_WORKERS)
    throw new Fault("config.bad", `--workers: a whole number from 1 to ${MAX_WORKERS}`);
  const config = configOf(args, context);
  // What the command line says of a worker's own places is said again, differently, behind it: the last one counts.
  const own = Object.keys(settingFlags).flatMap((name) => {
    if (args.on(name)) return [`--${name}`];
    const text = args.text(name);
    return text === undefined ? [] : [`--${name}=${text}`];
  });
  await runWorkers({ count, config, flags: own, context });
  return true;
}

async function createDemoStream(url: string, signal: AbortSignal): Promise<void> {
  try {
    await createStream({ base: url, name: DEMO_STREAM, hours: 24, signal });
  } catch (error) {
    if (!(error instanceof Fault && error.code === "stream.exists")) throw error;
  }
}

function banner(server: RunningServer): string {
  const { dataDir }: Config = server.config;
  return [
    "",
    "  Streambank is running, with a demo camera.",
    "",
    `  Watch       ${server.url}/`,
    `  Push your own   npx streambank put FILE.mkv --stream cam --create --server ${server.url}`,
    `  Footage     ${dataDir} (kept 24 hours)`,
    "",
    "  Ctrl-C stops it.",
    "",
    "",
  ].join("\n");
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
