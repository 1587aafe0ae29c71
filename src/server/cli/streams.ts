/** `streambank streams list | create NAME | preview NAME | set NAME | delete NAME`. */
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { PreviewView } from "../routes/retention.ts";
import type { StreamView } from "../routes/streams.ts";
import { type Args, readArgs } from "./args.ts";
import { type CallInit, call, callJson, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { bytesOf, hoursOf, sizeText, whoOf } from "./rules.ts";

const flags = {
  ...serverFlag,
  "retention-hours": { type: "string" },
  "retention-bytes": { type: "string" },
  hours: { type: "string" },
  bytes: { type: "string" },
  who: { type: "string" },
  json: { type: "boolean" },
} as const;

export const streams: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 2 });
  const [action = "list", name] = args.rest;
  if (!["list", "create", "preview", "set", "delete"].includes(action))
    throw new Fault("config.bad", `streams: list, create, preview, set or delete, not ${action}`);
  if (action === "list" && name !== undefined) throw new Fault("config.bad", `what is ${name}?`);
  if (action === "list") return list(args, context);
  if (name === undefined) throw new Fault("config.bad", `streams ${action}: the NAME is missing`);
  if (action === "create") return create(name, args, context);
  if (action === "preview") return preview(name, args, context);
  if (action === "set") return set(name, args, context);
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
  const bound = s.retentionBytes === 0 ? "" : `, at most ${sizeText(s.retentionBytes)}`;
  const kept = s.retentionHours === 0 ? "live only" : `${s.retentionHours} h${bound}`;
  const from = s.firstMs === undefined ? "empty" : `since ${isoTime(s.firstMs)}`;
  const size = sizeText(s.bytes);
  return `${s.name}\t${s.live ? "live" : "offline"}\t${kept}\t${size}\t${from}`;
}

async function create(name: string, args: Args, context: CliContext): Promise<number> {
  const { signal, stdout } = context;
  const hours = hoursOf(args, "retention-hours");
  const bytes = bytesOf(args, "retention-bytes");
  await createStream({ base: serverUrl(args), name, hours, bytes, signal });
  await write(stdout, `created ${name}\n`);
  return 0;
}

/** Throws `config.bad` when neither was given. */
function rulesOf(args: Args, action: string) {
  const [hours, bytes] = [hoursOf(args, "hours"), bytesOf(args, "bytes")];
  if (hours === undefined && bytes === undefined)
    throw new Fault("config.bad", `streams ${action}: --hours or --bytes is missing`);
  return {
    ...(hours === undefined ? {} : { retentionHours: hours }),
    ...(bytes === undefined ? {} : { retentionBytes: bytes }),
  };
}

async function preview(name: string, args: Args, context: CliContext): Promise<number> {
  const url = `${serverUrl(args)}${streamPath(name)}/retention/preview`;
  const found = await callJson<PreviewView>(url, post(rulesOf(args, "preview"), context));
  const text = args.on("json") ? JSON.stringify(found) : previewText(found);
  await write(context.stdout, `${text}\n`);
  return 0;
}

function previewText({ packs, bytes, from, to, held, complete }: PreviewView): string {
  const least = complete ? "" : "at least ";
  const stays = held.packs === 0 ? "" : `; held: ${held.packs} packs, ${sizeText(held.bytes)}`;
  if (from === undefined || to === undefined) return `nothing would go${stays}`;
  const span = `${isoTime(from)} to ${isoTime(to)}`;
  return `${least}${packs} packs would go, ${sizeText(bytes)}, of ${span}${stays}`;
}

async function set(name: string, args: Args, context: CliContext): Promise<number> {
  const body = { ...rulesOf(args, "set"), who: whoOf(args, context) };
  const url = `${serverUrl(args)}${streamPath(name)}`;
  const changed = await callJson<StreamView>(url, { ...post(body, context), method: "PATCH" });
  await write(context.stdout, `${line(changed)}\n`);
  return 0;
}

function post(body: object, { signal }: CliContext): CallInit {
  const headers = { "content-type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body), signal };
}

export interface NewStream {
  /** The server's base URL. */
  readonly base: string;
  readonly name: string;
  /** Undefined: the server's default. */
  readonly hours: number | undefined;
  readonly bytes?: number | undefined;
  readonly signal: AbortSignal;
}

/** Throws `stream.exists`, `stream.bad-name`. */
export async function createStream(stream: NewStream): Promise<void> {
  const { base, name, hours, bytes, signal } = stream;
  const body = {
    name,
    ...(hours === undefined ? {} : { retentionHours: hours }),
    ...(bytes === undefined ? {} : { retentionBytes: bytes }),
  };
  await call(`${base}/v1/streams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}
