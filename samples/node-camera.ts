/**
 * A camera in Node: a test picture into the stream `node-camera`, kept on the disk until the server has it. Stop it with
 * Ctrl-C; stop the server in between, and nothing is lost.
 *
 *     node samples/node-camera.ts [http://127.0.0.1:8080]
 */
import { parseArgs } from "node:util";
import { Producer } from "../producer-sdk/src/index.ts";
import { DiskStore, testSource } from "../producer-sdk/src/node.ts";
import { realClock as clock } from "../src/base/clock.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const [url = "http://127.0.0.1:8080", dir = "node-camera.kept"] = positionals;
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const store = new DiskStore({ dir });
const producer = new Producer({
  url,
  stream: "node-camera",
  create: true,
  tracks: [],
  clock,
  store,
});
producer.on((event) => {
  if (event.kind === "persisted") console.log(`stored: ${event.fragmentNumber}`);
  if (event.kind === "disconnected") console.log(`${event.reason}; again in ${event.retryMs} ms`);
});

for await (const item of testSource({ clock, signal: stop.signal })) {
  if (item.kind === "tracks") producer.setTracks(item.tracks);
  if (item.kind === "trouble") console.log(item.reason);
  if (item.kind !== "frame") continue;
  const { track, payload, timeUs, key } = item.frame;
  producer.putFrame({ track, data: payload.toBytes(), timestampUs: timeUs, key });
}

const { durable, waiting, refused, dropped } = await producer.end();
console.log(
  `${durable} fragments stored, ${waiting} to be sent next time, ${refused + dropped} lost`,
);
