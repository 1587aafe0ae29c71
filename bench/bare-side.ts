/**
 * What ingest is held against: the least a Node server can do with a body it must not lose. Body to file with one
 * writev and one fdatasync per batch, then a line to a second file and its fdatasync, which stands for the
 * index commit; then an ack. Understands nothing of what it stores. Arguments: folder, bytes per batch, and `media-only` for
 * no second file: a server of many streams commits the index for all of them at once.
 */
import { open } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const [folder = ".", batchText = "1500000", files] = process.argv.slice(2);
const batchBytes = Number(batchText);

/** One batch is on its way to the disk while the next one arrives: two in memory at most. */
async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = request.headers["x-amzn-stream-name"];
  const media = await open(join(folder, `${name}-media`), "wx");
  const index = await open(join(folder, `${name}-index`), "wx");
  const store = async (batch: readonly Buffer[], number: number) => {
    await media.writev(batch);
    await media.datasync();
    if (files !== "media-only") {
      await index.write(`${String(number).padEnd(199)}\n`);
      await index.datasync();
    }
    response.write(`{"EventType":"PERSISTED","FragmentNumber":"${number}"}\n`);
  };
  let stored: Promise<void> = Promise.resolve();
  try {
    response.writeHead(200);
    let batch: Buffer[] = [];
    let bytes = 0;
    let number = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      batch.push(chunk);
      bytes += chunk.length;
      if (bytes < batchBytes) continue;
      await stored;
      stored = store(batch, ++number);
      batch = [];
      bytes = 0;
    }
    await stored;
    if (batch.length > 0) await store(batch, ++number);
    response.end();
  } finally {
    // A sender that leaves may leave a batch on its way to the disk.
    await stored.catch(() => {});
    await media.close();
    await index.close();
  }
}

const server = createServer((request, response) => {
  take(request, response).catch((error: NodeJS.ErrnoException) => {
    // The sender has gone.
    if (error.code === "ECONNRESET") return;
    console.error(error);
    process.exit(1);
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once("SIGINT", () => process.exit(0));
