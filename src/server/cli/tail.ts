/** `streambank tail --stream S`: live frames as they come, until Ctrl-C. */
import { WebSocket } from "ws";
import { Fault, type FaultCode } from "../../base/errors.ts";
import { readArgs } from "./args.ts";
import { refusalOf, serverFlag, serverUrl, socketUrl, streamPath, unreachable } from "./client.ts";
import type { CliContext, Command } from "./context.ts";
import { openOutput } from "./output.ts";
import { frameLine } from "./tail-frame.ts";
import { TailWriter } from "./tail-writer.ts";
import { rangeQuery } from "./times.ts";

const flags = {
  ...serverFlag,
  stream: { type: "string" },
  format: { type: "string" },
  from: { type: "string" },
  output: { type: "string", short: "o" },
} as const;

/** Exit code 0 when it was stopped; the server going away is an error. */
export const tail: Command = async (argv, context) => {
  const args = readArgs(argv, flags, { most: 0 });
  const format = args.text("format") ?? "frames";
  if (format !== "mkv" && format !== "frames")
    throw new Fault("config.bad", `--format: mkv or frames, not ${format}`);
  const query = rangeQuery(args);
  query.set("format", format);
  const base = serverUrl(args);
  const url = `${socketUrl(base)}${streamPath(args.need("stream"))}/tail?${query}`;
  const output = args.text("output") ?? "-";
  const socket = new WebSocket(url, { perMessageDeflate: false });
  try {
    await follow({ socket, base, format, output, context });
  } finally {
    // Also ends a socket that only the output has failed: it would keep the process alive.
    socket.terminate();
  }
  return 0;
};

interface FollowOptions {
  readonly socket: WebSocket;
  /** The server's base URL, for messages. */
  readonly base: string;
  readonly format: "mkv" | "frames";
  /** A file, or `-`. */
  readonly output: string;
  readonly context: CliContext;
}

/** Resolves when the command is stopped; rejects when the server refuses or goes away. */
function follow({ socket, base, format, output, context }: FollowOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const open = () => openOutput(output, context, { whole: false });
    const writer = new TailWriter({ socket, open, onFailed: reject });
    let stopped = false;
    const stop = () => {
      stopped = true;
      socket.resume();
      socket.close(1000);
    };
    if (context.signal.aborted) stop();
    context.signal.addEventListener("abort", stop, { once: true });
    // Only a server that agreed may cost the user the file that was there.
    socket.once("open", () => writer.begin());
    let said: Fault | undefined;
    socket.on("message", (data: Buffer, binary) => {
      if (stopped) return;
      try {
        if (binary) writer.push(format === "mkv" ? data : `${frameLine(data)}\n`);
        else said = notice(data.toString("utf8"), context) ?? said;
      } catch (error) {
        reject(error);
      }
    });
    socket.on("error", (cause) => {
      if (!stopped) reject(unreachable(base, cause));
    });
    socket.once("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (piece: Buffer) => {
        text += piece.toString("utf8");
      });
      response.once("end", () => reject(refusalOf(response.statusCode, text)));
    });
    socket.once("close", (code, reason) => {
      const gone = stopped ? undefined : (said ?? goneFault(code, reason.toString("utf8")));
      writer.finish().then(() => (gone === undefined ? resolve() : reject(gone)), reject);
    });
  });
}

function goneFault(code: number, reason: string): Fault {
  const why = reason === "" ? `code ${code}` : reason;
  return new Fault("server.closing", `the server ended the connection: ${why}`);
}

interface Notice {
  readonly type: string;
  readonly frames?: number;
  readonly code?: FaultCode;
  readonly message?: string;
}

/** Says on standard error what the server says in words; media goes to the output alone. Gives back an error. */
function notice(text: string, { stderr }: CliContext): Fault | undefined {
  const { type, frames, code = "internal", message = "" } = JSON.parse(text) as Notice;
  if (type === "lost") stderr.write(`lost ${frames} frames: too slow\n`);
  if (type === "gap") stderr.write("gap: fragments are missing from the archive here\n");
  if (type === "offline" || type === "live") stderr.write(`${type}\n`);
  if (type !== "error") return undefined;
  stderr.write(`error: ${message} [${code}]\n`);
  return new Fault(code, message);
}
