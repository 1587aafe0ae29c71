/** `streambank tail --stream S`: live frames as they come, until Ctrl-C. */
import { createWriteStream } from "node:fs";
import { WebSocket } from "ws";
import { Fault } from "../../base/errors.ts";
import { type Args, readArgs } from "./args.ts";
import { serverFlag, serverUrl, socketUrl, streamPath, unreachable } from "./client.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { rangeQuery } from "./list.ts";
import { frameLine } from "./tail-frame.ts";

const flags = {
  ...serverFlag,
  stream: { type: "string" },
  format: { type: "string" },
  from: { type: "string" },
  output: { type: "string", short: "o" },
} as const;

export const tail: Command = async (argv, context) => {
  const args = readArgs(argv, flags);
  const format = args.text("format") ?? "frames";
  if (format !== "mkv" && format !== "frames")
    throw new Fault("config.bad", `--format: mkv or frames, not ${format}`);
  const output = args.text("output");
  const out = output === undefined || output === "-" ? context.stdout : createWriteStream(output);
  const query = rangeQuery(args);
  query.set("format", format);
  const path = `${streamPath(args.need("stream"))}/tail?${query}`;
  const socket = new WebSocket(`${socketUrl(serverUrl(args))}${path}`, {
    perMessageDeflate: false,
  });
  await follow({ socket, out, format, args, context });
  if (out !== context.stdout) await new Promise<void>((resolve) => out.end(() => resolve()));
  return 0;
};

interface FollowOptions {
  readonly socket: WebSocket;
  readonly out: NodeJS.WritableStream;
  readonly format: "mkv" | "frames";
  readonly args: Args;
  readonly context: CliContext;
}

/** Resolves when the command is stopped; rejects when the server refuses or goes away. */
function follow({ socket, out, format, args, context }: FollowOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => socket.close(1000);
    context.signal.addEventListener("abort", stop, { once: true });
    let writing = Promise.resolve();
    const keep = (data: string | Uint8Array) => {
      writing = writing.then(() => write(out, data)).catch(reject);
    };
    socket.on("message", (data: Buffer, binary) => {
      if (binary) keep(format === "mkv" ? data : `${frameLine(data)}\n`);
      else notice(data.toString("utf8"), context);
    });
    socket.once("error", (cause) => reject(unreachable(serverUrl(args), cause)));
    socket.once("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (piece: Buffer) => {
        text += piece.toString("utf8");
      });
      response.once("end", () => reject(new Fault("request.bad", messageOf(text))));
    });
    socket.once("close", (code, reason) => {
      const left = context.signal.aborted || code === 1000;
      const why = reason.toString("utf8");
      writing.then(
        () => (left ? resolve() : reject(new Fault("server.closing", `closed: ${code} ${why}`))),
        reject,
      );
    });
  });
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { error: { message: string } }).error.message;
  } catch {
    return text.slice(0, 200);
  }
}

/** Says on standard error what the server says in words; media goes to the output alone. */
function notice(text: string, context: CliContext): void {
  const message = JSON.parse(text) as { type: string; frames?: number };
  if (message.type === "lost") context.stderr.write(`lost ${message.frames} frames: too slow\n`);
  if (message.type === "offline" || message.type === "live")
    context.stderr.write(`${message.type}\n`);
}
