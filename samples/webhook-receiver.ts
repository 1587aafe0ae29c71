/**
 * Receives webhooks: makes one on the server, checks every signature, prints each event once.
 *
 *     node samples/webhook-receiver.ts [server] [streams]
 *
 * A delivery may come more than once, and after a crash with other neighbours: events are told apart by their id, which
 * rises. What has been printed is kept in memory here; a real receiver keeps the highest id with what it did.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyHook } from "../src/server/events/verify.ts";

interface Told {
  readonly id: number;
  readonly type: string;
  readonly stream?: string;
  readonly time: string;
  readonly data: unknown;
}

const [server = "http://127.0.0.1:8080", streams = "*"] = process.argv.slice(2);
let secret = "";
let highest = 0;

const receiver = createServer(async (req, res) => {
  const body = await bodyOf(req);
  if (!verifyHook(secret, req.headers, body)) return res.writeHead(401).end();
  const { events } = JSON.parse(body.toString("utf8")) as { events: readonly Told[] };
  for (const event of events) {
    if (event.id !== 0 && event.id <= highest) continue;
    highest = Math.max(highest, event.id);
    console.log(event.time, event.type, event.stream ?? "-", JSON.stringify(event.data));
  }
  // Only now, when everything is done: what is not answered with 2xx comes again.
  return res.writeHead(204).end();
});

receiver.listen(0, "127.0.0.1", async () => {
  const { port } = receiver.address() as AddressInfo;
  const wish = JSON.stringify({ url: `http://127.0.0.1:${port}/`, streams });
  const headers = { "content-type": "application/json" };
  const made = await fetch(`${server}/v1/hooks`, { method: "POST", headers, body: wish });
  if (made.status !== 201) throw new Error(await made.text());
  const hook = (await made.json()) as { id: string; secret: string };
  secret = hook.secret;
  const removed = () => fetch(`${server}/v1/hooks/${hook.id}`, { method: "DELETE" });
  process.once("SIGINT", () => void removed().finally(() => process.exit(0)));
  const test = await fetch(`${server}/v1/hooks/${hook.id}/test`, { method: "POST" });
  console.log("test:", await test.text());
});

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of req) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
