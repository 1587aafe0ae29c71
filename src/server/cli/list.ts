/** `streambank ls --stream S`: the fragments of a stream, one a line. */
import { isoTime } from "../../base/clock.ts";
import type { FragmentPage } from "../../play/fragments.ts";
import { readArgs } from "./args.ts";
import { callJson, serverFlag, serverUrl, streamPath } from "./client.ts";
import { type Command, write } from "./context.ts";
import { rangeQuery } from "./times.ts";

const flags = {
  ...serverFlag,
  stream: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  clock: { type: "string" },
  json: { type: "boolean" },
} as const;

export const list: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 0 });
  const base = `${serverUrl(args)}${streamPath(args.need("stream"))}/fragments`;
  const query = rangeQuery(args);
  const all: FragmentPage["fragments"][number][] = [];
  for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
    if (token !== undefined) query.set("token", token);
    const page = await callJson<FragmentPage>(`${base}?${query}`, { signal: context.signal });
    token = page.nextToken;
    if (args.on("json")) all.push(...page.fragments);
    else for (const f of page.fragments) await write(context.stdout, `${line(f)}\n`);
  }
  if (args.on("json")) await write(context.stdout, `${JSON.stringify(all)}\n`);
  return 0;
};

function line(f: FragmentPage["fragments"][number]): string {
  const start = isoTime(f.producerMs);
  return `${f.number}\t${start}\t${f.durationMs} ms\t${f.bytes} B${f.seekable ? "" : "\tnot seekable"}`;
}
