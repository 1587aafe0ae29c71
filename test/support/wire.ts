/** For tests of clients that write their requests byte for byte: heads as those clients make them, signed, over a bare socket. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type Credentials, signHeaders } from "./signed-put.ts";

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One request as it is; the answer when the connection has ended or the body is whole. */
export async function raw(port: number, text: string | Uint8Array): Promise<Answer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const bytes: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) {
    bytes.push(piece);
    const answer = parse(Buffer.concat(bytes).toString("latin1"));
    if (answer === undefined) continue;
    socket.destroy();
    return answer;
  }
  throw new Error("the connection ended without an answer");
}

function parse(text: string): Answer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Map(
    lines.map((line) => [line.split(":")[0]?.toLowerCase() ?? "", line.replace(/^[^:]*:\s*/, "")]),
  );
  const body = text.slice(end + 4);
  if (body.length < Number(headers.get("content-length"))) return undefined;
  return { status: Number(first.split(" ")[1]), headers, body };
}

const USER_AGENT = "AWS-SDK-KVS/3.6.0 GCC/12.2.0 Linux/6.1 x86_64";
const lines = (headers: Record<string, string>) =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

/** A control plane call as the C SDK makes it: Host without a port, few headers signed, JSON with tabs. */
export async function cSdk(credentials: Credentials, path: string, json: string): Promise<string> {
  const headers = await signHeaders({
    headers: { host: "127.0.0.1", "user-agent": USER_AGENT },
    ...{ path, body: json, credentials, hopByHop: true },
  });
  assert.match(headers.authorization ?? "", /SignedHeaders=host;user-agent;x-amz-date,/);
  return [
    `POST ${path} HTTP/1.1`,
    "Accept: */*",
    "content-type: application/json",
    ...lines(headers),
    `Content-Length: ${Buffer.byteLength(json)}`,
    "",
    json,
  ].join("\r\n");
}

export interface PutHead {
  readonly credentials: Credentials;
  /** Signed with the rest. */
  readonly headers: Record<string, string>;
  readonly query?: Record<string, string>;
  /** In the request line. Default: the path. */
  readonly target?: string;
  /** Not signed. */
  readonly more?: readonly string[];
  readonly hopByHop?: boolean;
}

export async function putHead({
  target = "/putMedia",
  more = [],
  ...what
}: PutHead): Promise<string[]> {
  const headers = await signHeaders({ path: "/putMedia", ...what });
  return [`POST ${target} HTTP/1.1`, ...lines(headers), ...more];
}

/** As the C SDK puts: the hash of nothing, hop-by-hop headers signed, Host without its port. */
export const cPut = (credentials: Credentials, start: string, type = "RELATIVE") =>
  putHead({
    ...{ credentials, hopByHop: true },
    headers: {
      ...{ host: "127.0.0.1", connection: "keep-alive", "transfer-encoding": "chunked" },
      "user-agent": USER_AGENT,
      "x-amzn-fragment-acknowledgment-required": "1",
      "x-amzn-fragment-timecode-type": type,
      "x-amzn-producer-start-timestamp": start,
      "x-amzn-stream-name": "cam",
    },
    // It sends this although the body is Matroska.
    more: ["Accept: */*", "content-type: application/json"],
  });

/** Tags > Tag > SimpleTag with its name and an empty string, sizes of 8 bytes, as the SDK writes it. */
export function endOfFragment(): Buffer {
  const element = (id: string, payload: Buffer) => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE((1n << 56n) | BigInt(payload.length));
    return Buffer.concat([Buffer.from(id, "hex"), size, payload]);
  };
  const name = Buffer.from("AWS_KINESISVIDEO_END_OF_FRAGMENT");
  const simple = Buffer.concat([element("45a3", name), element("4487", Buffer.alloc(0))]);
  return element("1254c367", element("7373", element("67c8", simple)));
}

/** Sends a head, then `bytes` in HTTP chunks; gives every HTTP chunk of the answer as it comes. */
export class PutCall {
  readonly socket: Socket;
  readonly chunks: string[] = [];
  #text = "";
  #wake: () => void = () => {};

  constructor(port: number, head: readonly string[]) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.write(`${head.join("\r\n")}\r\n\r\n`);
    this.socket.on("data", (piece) => {
      this.#text += piece.toString("latin1");
      this.#split();
      this.#wake();
    });
    this.socket.on("close", () => this.#wake());
    this.socket.on("error", () => {});
  }

  get head(): string {
    return this.#text;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(`${bytes.length.toString(16)}\r\n`);
    this.socket.write(bytes);
    this.socket.write("\r\n");
  }

  end(): void {
    this.socket.write("0\r\n\r\n");
  }

  async until(done: () => boolean): Promise<void> {
    while (!done() && !this.socket.destroyed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    assert.ok(done(), this.#text.slice(0, 500));
  }

  /** Whole HTTP chunks behind the answer's head. */
  #split(): void {
    const start = this.#text.indexOf("\r\n\r\n", this.#text.indexOf("HTTP/1.1 200"));
    if (start < 0) return;
    let at = start + 4;
    this.chunks.length = 0;
    for (;;) {
      const line = this.#text.indexOf("\r\n", at);
      const size = Number.parseInt(this.#text.slice(at, line), 16);
      if (line < 0 || Number.isNaN(size) || this.#text.length < line + 4 + size) return;
      if (size > 0) this.chunks.push(this.#text.slice(line + 2, line + 2 + size));
      at = line + 4 + size;
      if (size === 0) return;
    }
  }
}

export interface WireAck {
  readonly EventType: string;
  readonly FragmentTimecode?: number;
  readonly FragmentNumber?: string;
  readonly ErrorId?: number;
}

export const acksOf = (call: PutCall) => call.chunks.map((chunk) => JSON.parse(chunk) as WireAck);
export const count = (call: PutCall, type: string) =>
  acksOf(call).filter(({ EventType }) => EventType === type).length;
export const ended = (call: PutCall) => call.until(() => /\r\n0\r\n\r\n$/.test(call.head));
