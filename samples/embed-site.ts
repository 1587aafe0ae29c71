/**
 * A site of its own with a camera in its page: serves `embed.html`, the packed player, and a token that may watch one stream.
 * The Streambank server has to allow the site: `--cors-origins http://127.0.0.1:8090`.
 *
 *     npm run pack-player && npm install --prefix /tmp/site ./streambank-player-0.1.0.tgz
 *     STREAMBANK_TOKEN=… node samples/embed-site.ts /tmp/site/node_modules/@streambank/player http://127.0.0.1:8080 front-door 8090
 */
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const [folder = "", server = "http://127.0.0.1:8080", stream = "demo", port = "8090"] =
  process.argv.slice(2);
const key = process.env.STREAMBANK_TOKEN;
const page = join(import.meta.dirname, "embed.html");

/** What the page is told: where to watch, and with which token. Without a key, the server asks for none. */
async function camera(): Promise<string> {
  if (key === undefined) return JSON.stringify({ server, stream });
  const answer = await fetch(`${server}/v1/session`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ actions: ["read"], streams: stream, seconds: 3600 }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const { token } = (await answer.json()) as { token: string };
  return JSON.stringify({ server, stream, token });
}

async function answer(path: string, res: ServerResponse): Promise<void> {
  const send = (type: string, body: string | Buffer) =>
    res.writeHead(200, { "content-type": type }).end(body);
  // Only modules of the package, by names it may have.
  const module = /^\/streambank\/((?:chunks\/)?[\w.-]+\.js)$/.exec(path)?.[1];
  if (path === "/") send("text/html; charset=utf-8", await readFile(page));
  else if (path === "/camera.json") send("application/json", await camera());
  else if (module !== undefined)
    send("text/javascript; charset=utf-8", await readFile(join(folder, "dist", module)));
  else res.writeHead(404).end();
}

const site = createServer((req, res) => {
  const { pathname } = new URL(req.url ?? "/", "http://site");
  answer(pathname, res).catch((error: Error) => {
    console.error(error.message);
    res.writeHead(502).end();
  });
});
site.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(site.address() as AddressInfo).port}`);
});
process.once("SIGINT", () => process.exit(0));
