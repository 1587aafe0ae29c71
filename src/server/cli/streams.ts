/** `streambank streams list | create NAME | delete NAME`. */
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { StreamView } from "../routes/streams.ts";
import { type Args, readArgs } from "./args.ts";
import { call, callJson, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";

/** Ten years: the server takes no more. */
const MAX_RETENTION_HOURS = 87_600;

const flags = {
  ...serverFlag,
  "retention-hours": { type: "string" },
  json: { type: "boolean" },
} as const;

export const streams: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 2 });
  const [action = "list", name] = args.rest;
  if (!["list", "create", "delete"].includes(action))
    throw new Fault("config.bad", `streams: list, create or delete, not ${action}`);
  if (action === "list" && name !== undefined) throw new Fault("config.bad", `what is ${name}?`);
  if (action === "list") return list(args, context);
  if (name === undefined) throw new Fault("config.bad", `streams ${action}: the NAME is missing`);
  if (action === "create") return create(name, args, context);
  const { signal, stdout } = context;
  await call(`${serverUrl(args)}${streamPath(name)}`, { method: "DELETE", signal });
  await write(stdout, `deleted ${name}\n`);
  return 0;
};

async function list(args: Args, context: CliContext): Promise<number> {
  const answer = await callJson<{ streams: StreamView[] }>(`${serverUrl(args)}/v1/streams`, {
    signal: context.signal,
  });
  if (args.on("json")) {
    await write(context.stdout, `${JSON.stringify(answer.streams)}\n`);
    return 0;
  }
  for (const s of answer.streams) await write(context.stdout, `${line(s)}\n`);
  return 0;
}

function line(s: StreamView): string {
  const kept = s.retentionHours === 0 ? "live only" : `${s.retentionHours} h`;
  const from = s.firstMs === undefined ? "empty" : `since ${isoTime(s.firstMs)}`;
  const size = `${(s.bytes / 1e6).toFixed(1)} MB`;
  return `${s.name}\t${s.live ? "live" : "offline"}\t${kept}\t${size}\t${from}`;
}

async function create(name: string, args: Args, context: CliContext): Promise<number> {
  const { signal, stdout } = context;
  await createStream({ base: serverUrl(args), name, hours: retentionHours(args), signal });
  await write(stdout, `created ${name}\n`);
  return 0;
}

/** `--retention-hours`, or undefined when it was not given. Throws `config.bad`. */
export function retentionHours(args: Args): number | undefined {
  const text = args.text("retention-hours");
  if (text === undefined) return undefined;
  const hours = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (hours <= MAX_RETENTION_HOURS) return hours;
  throw new Fault(
    "config.bad",
    `--retention-hours: a whole number from 0 to ${MAX_RETENTION_HOURS}, not ${text}`,
  );
}

export interface NewStream {
  /** The server's base URL. */
  readonly base: string;
  readonly name: string;
  /** Undefined: the server's default. */
  readonly hours: number | undefined;
  readonly signal: AbortSignal;
}

/** Throws `stream.exists`, `stream.bad-name`. */
export async function createStream({ base, name, hours, signal }: NewStream): Promise<void> {
  const body = { name, ...(hours === undefined ? {} : { retentionHours: hours }) };
  await call(`${base}/v1/streams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}
