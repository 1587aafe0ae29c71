/**
 * A camera as its own process, to be killed at any moment: puts frames that are all different, one after the other, and
 * writes each down in a log when `putFrame` has returned. `kept-camera.ts SERVER FOLDER LOG START-MS`. Says `group N` and
 * `persisted`.
 */
import { createHash, randomBytes } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { DiskStore } from "../../producer-sdk/src/node/disk-store.ts";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";

const [url = "", dir = "", log = "", startMs = ""] = process.argv.slice(2);
/** Frames from key frame to key frame, and ms of media between them. */
const GROUP = 50;
const FRAME_MS = 40;

const fd = openSync(log, "a");
const video = { width: 640, height: 360 };
const producer = new Producer({
  ...{ url, stream: "cam", create: true, clock: realClock, store: new DiskStore({ dir }) },
  tracks: [{ number: 1, type: "video", codecId: "V_TEST", encoding: "plain", video }],
});

function put(nth: number): void {
  const data = randomBytes(500 + (nth % 3000));
  const timestampUs = (Number(startMs) + nth * FRAME_MS) * 1000;
  producer.putFrame({ track: 1, data, timestampUs, key: nth % GROUP === 0 });
  const sha = createHash("sha256").update(data).digest("base64");
  writeSync(fd, `${timestampUs / 1000} ${sha}\n`);
  if (nth % GROUP === 0) process.stdout.write(`group ${nth / GROUP}\n`);
  realClock.after(1, () => put(nth + 1));
}

// What is put before the folder is open would be in memory alone.
let begun = false;
producer.on(({ kind }) => {
  if (kind === "persisted") process.stdout.write("persisted\n");
  if (begun || (kind !== "connected" && kind !== "disconnected")) return;
  begun = true;
  put(0);
});
// Timers of the clock keep no process alive.
setInterval(() => {}, 1000);
