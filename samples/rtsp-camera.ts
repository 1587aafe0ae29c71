/**
 * An IP camera into a stream, nothing encoded anew; needs ffmpeg. `streambank-producer` does the same from the command
 * line, and the server can do it without any program (docs/reference/sources.md).
 *
 *     node samples/rtsp-camera.ts rtsp://user:password@10.0.0.7/live door [http://127.0.0.1:8080]
 */
import { parseArgs } from "node:util";
import { Producer } from "../producer-sdk/src/index.ts";
import { rtspSource } from "../producer-sdk/src/node.ts";
import { realClock as clock } from "../src/base/clock.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const [address, stream, url = "http://127.0.0.1:8080"] = positionals;
if (address === undefined || stream === undefined)
  throw new Error("usage: node samples/rtsp-camera.ts RTSP-ADDRESS STREAM [SERVER]");
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const producer = new Producer({ url, stream, create: true, tracks: [], clock });
let pictures = 0;
for await (const item of rtspSource(address, { clock, signal: stop.signal })) {
  if (item.kind === "tracks") producer.setTracks(item.tracks);
  if (item.kind === "trouble") console.log(`${item.reason}; again in ${item.retryMs} ms`);
  if (item.kind !== "frame") continue;
  const { track, payload, timeUs, key } = item.frame;
  producer.putFrame({ track, data: payload.toBytes(), timestampUs: timeUs, key });
  if (++pictures % 100 === 0)
    console.log(`${pictures} frames, ${producer.stats.persisted} fragments stored`);
}
const { durable, waiting, refused, dropped } = await producer.end();
console.log(`${durable} fragments stored, ${waiting + refused + dropped} not`);
