/** `streambank serve`, and `streambank demo`: the same server with a demo camera pushing to it. */

import type { Transport } from "../../../producer-sdk/src/transport.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { API_SESSION } from "../access/key-guard.ts";
import { type Config, isLoopback } from "../config.ts";
import { LocalTransport } from "../pull/local-transport.ts";
import { readSecret } from "../push-tokens.ts";
import { putParts } from "../put-parts.ts";
import { type RunningServer, startServer } from "../start.ts";
import { readArgs } from "./args.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { configOf, settingFlags } from "./server-settings.ts";

/** The stream the demo camera pushes to. */
const DEMO_STREAM = "demo";
/** The camera asks for another before this one ends. */
const DEMO_TOKEN_MS = 3_600_000;

export const serve: Command = async (argv, context) => {
  const workers = await withWorkers(argv, context);
  if (workers) return 0;
  const server = await open(argv, context);
  try {
    await write(context.stdout, rootKeyText(server) + openText(server));
    const { publicUrl = server.url } = server.config;
    await write(context.stdout, `Streambank is ready. Player: ${publicUrl}/\n`);
    await stopped(context.signal);
  } finally {
    await server.close();
  }
  return 0;
};

export const demo: Command = async (argv, context) => {
  const server = await open(argv, context);
  try {
    const token = demoToken(server, context.clock);
    await createDemoStream(server);
    const camera = context.demoCamera({
      url: server.url,
      stream: DEMO_STREAM,
      clock: context.clock,
      signal: context.signal,
      ...transportTo(server),
      ...(token === undefined ? {} : { token }),
      log: (line) => context.stderr.write(`demo camera: ${line}\n`),
    });
    await write(context.stdout, rootKeyText(server) + openText(server) + banner(server));
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

/** What the camera shows when pushing is guarded. */
function demoToken(
  { config, parts }: RunningServer,
  clock: Clock,
): (() => Promise<string>) | undefined {
  const { pushKeyFile } = config;
  if (parts.keys !== undefined) {
    const data = { actions: ["produce", "read"], id: "demo" };
    const issue = (expiresMs: number) =>
      parts.sessions.issue({ purpose: API_SESSION, stream: DEMO_STREAM, expiresMs, data });
    return async () => issue(clock.now() + DEMO_TOKEN_MS);
  }
  return pushKeyFile === undefined ? undefined : async () => readSecret(pushKeyFile);
}

/** With a certificate, which is for a name, the camera comes in from inside: the server's address is no name. */
function transportTo({ certificates, parts }: RunningServer): { transport?: Transport } {
  if (certificates === undefined) return {};
  const { ingest, catalogue, defaultRetentionHours } = putParts(parts);
  const local = { ingest, catalogue, defaultRetentionHours };
  return { transport: new LocalTransport(DEMO_STREAM, local) };
}

async function createDemoStream({ parts }: RunningServer): Promise<void> {
  try {
    await parts.archive.create({ name: DEMO_STREAM, retentionHours: 24, who: "demo" });
  } catch (error) {
    if (!(error instanceof Fault && error.code === "stream.exists")) throw error;
  }
}

/** Once, on the terminal and nowhere else. */
function rootKeyText({ parts }: RunningServer): string {
  const { rootKey } = parts;
  if (rootKey === undefined) return "";
  return [
    "",
    "  The root key. It is shown this once; keep it.",
    "",
    `  Access key id      ${rootKey.id}`,
    `  Secret access key  ${rootKey.secret}`,
    `  Token              ${rootKey.token}`,
    "",
    "",
  ].join("\n");
}

/** Said where an operator sees it, besides the log. */
function openText({ config: { auth, host } }: RunningServer): string {
  if (auth === "on" || isLoopback(host)) return "";
  return `\n  OPEN: --auth off on ${host}. Everybody who reaches this port may record, watch and delete.\n\n`;
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
