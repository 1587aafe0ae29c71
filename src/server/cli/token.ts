/** `streambank token`: signs a token that allows to push into a stream until a time. Asks no server. */
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { PushTokens, readSecret } from "../push-tokens.ts";
import { readArgs } from "./args.ts";
import { type Command, write } from "./context.ts";

const flags = {
  stream: { type: "string" },
  minutes: { type: "string" },
  "push-key-file": { type: "string" },
} as const;

const MAX_MINUTES = 366 * 24 * 60;
const NAME = /^[A-Za-z0-9_.-]{0,255}(\*|[A-Za-z0-9_.-])$/;

export const token: Command = async (argv, { clock, stdout, stderr, env }) => {
  const args = readArgs(argv, flags, { most: 0 });
  const stream = args.need("stream");
  if (!NAME.test(stream))
    throw new Fault("config.bad", "--stream: a name, or the beginning of names and a *");
  const minutes = Number(args.text("minutes") ?? 60);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MAX_MINUTES)
    throw new Fault("config.bad", `--minutes: a whole number from 1 to ${MAX_MINUTES}`);
  const path = args.text("push-key-file") ?? env.STREAMBANK_PUSH_KEY_FILE;
  if (path === undefined) throw new Fault("config.bad", "--push-key-file is missing");
  const expiresMs = clock.now() + minutes * 60_000;
  const made = new PushTokens(readSecret(path), clock).issue(stream, expiresMs);
  await write(stdout, `${made}\n`);
  await write(stderr, `for ${stream}, until ${isoTime(expiresMs)}\n`);
  return 0;
};
