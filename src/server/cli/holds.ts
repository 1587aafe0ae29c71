/** `streambank holds list | add | end ID`. */
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { timeRange } from "../../play/time.ts";
import type { HoldView } from "../routes/retention.ts";
import { type Args, readArgs } from "./args.ts";
import { callJson, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { whoOf } from "./rules.ts";
import { needTime, refusing, timeOf } from "./times.ts";

const flags = {
  ...serverFlag,
  stream: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  until: { type: "string" },
  why: { type: "string" },
  who: { type: "string" },
  ended: { type: "boolean" },
  json: { type: "boolean" },
} as const;

export const holds: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 2 });
  const [action = "list", id] = args.rest;
  if (!["list", "add", "end"].includes(action))
    throw new Fault("config.bad", `holds: list, add or end, not ${action}`);
  if (action !== "end" && id !== undefined) throw new Fault("config.bad", `what is ${id}?`);
  if (action === "list") return list(args, context);
  if (action === "add") return add(args, context);
  if (id === undefined) throw new Fault("config.bad", "holds end: the ID is missing");
  const query = new URLSearchParams({ who: whoOf(args, context) });
  const url = `${serverUrl(args)}/v1/holds/${encodeURIComponent(id)}?${query}`;
  await callJson(url, { method: "DELETE", signal: context.signal });
  await write(context.stdout, `ended ${id}\n`);
  return 0;
};

async function list(args: Args, { signal, stdout }: CliContext): Promise<number> {
  const stream = args.text("stream");
  const path = stream === undefined ? "/v1" : streamPath(stream);
  const url = `${serverUrl(args)}${path}/holds?ended=${args.on("ended")}`;
  const answer = await callJson<{ holds: HoldView[] }>(url, { signal });
  if (args.on("json")) await write(stdout, `${JSON.stringify(answer.holds)}\n`);
  else for (const hold of answer.holds) await write(stdout, `${line(hold)}\n`);
  return 0;
}

function line({ id, stream, from, to, who, why, untilMs }: HoldView): string {
  const until = untilMs === undefined ? "until it is ended" : `until ${isoTime(untilMs)}`;
  return `${id}\t${stream}\t${isoTime(from)}\t${isoTime(to)}\t${until}\t${who}\t${why}`;
}

async function add(args: Args, context: CliContext): Promise<number> {
  const stream = args.need("stream");
  const [from, to] = [needTime(args, "from"), needTime(args, "to")];
  refusing("", () => timeRange(from, to));
  const until = timeOf(args, "until");
  const body = {
    ...{ from, to, why: args.need("why"), who: whoOf(args, context) },
    ...(until === undefined ? {} : { until }),
  };
  const hold = await callJson<HoldView>(`${serverUrl(args)}${streamPath(stream)}/holds`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: context.signal,
  });
  await write(context.stdout, `${hold.id}\n`);
  return 0;
}
