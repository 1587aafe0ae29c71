/** `streambank users list | add NAME | set NAME | remove NAME`. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { User } from "../access/users.ts";
import { type Args, readArgs } from "./args.ts";
import { callJson, call as callServer, serverFlag, serverUrl } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";

const flags = {
  ...serverFlag,
  "token-file": { type: "string" },
  "password-file": { type: "string" },
  role: { type: "string" },
  streams: { type: "string" },
  json: { type: "boolean" },
} as const;

export const users: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 2 });
  const [action = "list", name] = args.rest;
  if (!["list", "add", "set", "remove"].includes(action))
    throw new Fault("config.bad", `users: list, add, set or remove, not ${action}`);
  if (action === "list") {
    if (name !== undefined) throw new Fault("config.bad", `what is ${name}?`);
    return list(args, context);
  }
  if (name === undefined) throw new Fault("config.bad", `users ${action}: the NAME is missing`);
  if (action === "remove") {
    await callServer(pathOf(args, name), { ...request(args, context, "DELETE") });
    await write(context.stdout, `removed ${name}\n`);
    return 0;
  }
  const [role, streams] = [args.text("role"), args.text("streams")];
  const given = { ...(role === undefined ? {} : { role }), ...(streams ? { streams } : {}) };
  if (action === "add") {
    if (role === undefined) throw new Fault("config.bad", "--role: viewer, operator or admin");
    const body = { name, ...given, password: await passwordOf(args, context) };
    const url = `${serverUrl(args)}/v1/users`;
    const made = await callJson<User>(url, request(args, context, "POST", body));
    await write(context.stdout, `${line(made)}\n`);
    return 0;
  }
  // `set` without anything else to change is about the password.
  const asks = args.text("password-file") !== undefined || Object.keys(given).length === 0;
  const body = asks ? { ...given, password: await passwordOf(args, context) } : given;
  const changed = await callJson<User>(pathOf(args, name), request(args, context, "PATCH", body));
  await write(context.stdout, `${line(changed)}\n`);
  return 0;
};

async function list(args: Args, context: CliContext): Promise<number> {
  const url = `${serverUrl(args)}/v1/users`;
  const { users: all } = await callJson<{ users: User[] }>(url, request(args, context, "GET"));
  if (args.on("json")) await write(context.stdout, `${JSON.stringify(all)}\n`);
  else for (const user of all) await write(context.stdout, `${line(user)}\n`);
  return 0;
}

function line({ name, role, streams, changedMs }: User): string {
  return `${name}\t${role}\t${streams}\t${isoTime(changedMs)}`;
}

function pathOf(args: Args, name: string): string {
  return `${serverUrl(args)}/v1/users/${encodeURIComponent(name)}`;
}

function request(args: Args, { signal }: CliContext, method: string, body?: object) {
  const path = args.text("token-file");
  const headers = {
    ...(path === undefined ? {} : { authorization: `Bearer ${firstLine(path)}` }),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  return { method, headers, signal, ...text };
}

/** Not a flag: everybody on the machine sees flags. */
async function passwordOf(args: Args, { stdin, stderr }: CliContext): Promise<string> {
  const path = args.text("password-file");
  if (path !== undefined) return firstLine(path);
  stderr.write("password (one line on standard input, it is seen): ");
  for await (const text of createInterface({ input: stdin })) return text;
  throw new Fault("config.bad", "no password came on standard input");
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/, 1)[0] ?? "";
  } catch (cause) {
    throw new Fault("config.bad", `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
