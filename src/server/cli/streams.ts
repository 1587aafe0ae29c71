/** `streambank streams list | create NAME | delete NAME`. */
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { StreamView } from "../routes/streams.ts";
import { type Args, readArgs } from "./args.ts";
import { call, callJson, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";

const flags = {
  ...serverFlag,
  "retention-hours": { type: "string" },
  json: { type: "boolean" },
} as const;

export const streams: Command = async (argv, context) => {
  const args = readArgs(argv, flags);
  const [action = "list", name] = args.rest;
  if (action === "list") return list(args, context);
  if (name === undefined) throw new Fault("config.bad", `streams ${action}: the NAME is missing`);
  if (action === "create") return create(name, args, context);
  if (action === "delete") {
    await call(`${serverUrl(args)}${streamPath(name)}`, { method: "DELETE" });
    await write(context.stdout, `deleted ${name}\n`);
    return 0;
  }
  throw new Fault("config.bad", `streams: list, create or delete, not ${action}`);
};

async function list(args: Args, context: CliContext): Promise<number> {
  const answer = await callJson<{ streams: StreamView[] }>(`${serverUrl(args)}/v1/streams`);
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
  const hours = args.text("retention-hours");
  if (hours !== undefined && !/^\d+$/.test(hours))
    throw new Fault("config.bad", `--retention-hours: not a whole number: ${hours}`);
  await createStream(serverUrl(args), name, hours === undefined ? undefined : Number(hours));
  await write(context.stdout, `created ${name}\n`);
  return 0;
}

/** Throws `stream.exists`, `stream.bad-name`, `request.bad`. */
export async function createStream(base: string, name: string, hours?: number): Promise<void> {
  const body = { name, ...(hours === undefined ? {} : { retentionHours: hours }) };
  await call(`${base}/v1/streams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
