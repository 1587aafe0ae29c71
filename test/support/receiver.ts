/** A real HTTP server that receives webhooks, and answers as a test tells it to. */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly delivery: string;
  readonly body: string;
  readonly ids: readonly number[];
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Answers each request from now on. Default: 204. */
  answer: (res: ServerResponse, got: Received) => void;
  /** Resolves when so many requests have come since the start. */
  count(count: number): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((req, res) => {
    let body = "";
    req.setEncoding("utf8").on("data", (piece: string) => {
      body += piece;
    });
    req.on("end", () => {
      const { events = [] } = JSON.parse(body) as { events?: readonly { id: number }[] };
      const delivery = String(req.headers["streambank-delivery"]);
      const got = { headers: req.headers, delivery, body, ids: events.map(({ id }) => id) };
      received.push(got);
      receiver.answer(res, got);
      for (const look of [...waiting]) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    answer: (res) => void res.writeHead(204).end(),
    count: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  assert.ok(port > 0);
  return receiver;
}
