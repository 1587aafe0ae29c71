/**
 * The demo camera: pushes a recording in real time, round and round, through the producer SDK. Goes on
 * through server restarts.
 */
import { join } from "node:path";
import { Producer, type ProducerEvent, playForever } from "../producer-sdk/src/index.ts";
import { openRecording } from "../producer-sdk/src/node.ts";
import type { Transport } from "../producer-sdk/src/transport.ts";
import type { Clock } from "../src/base/clock.ts";

export interface DemoCameraOptions {
  /** The server, `http://host:port`. */
  readonly url: string;
  readonly stream: string;
  /** Matroska file; default: the sample beside this program. */
  readonly file?: string;
  readonly clock: Clock;
  /** Ends the camera. */
  readonly signal: AbortSignal;
  /** Default: a WebSocket. */
  readonly transport?: Transport;
  /** For servers that ask who pushes. */
  readonly token?: () => Promise<string>;
  /** One line for people when the connection comes or goes. */
  readonly log: (line: string) => void;
}

/** How long the last fragment may take to become durable when the camera ends. */
const END_MS = 2000;

/** Resolves when aborted. Throws `request.bad` or `mkv.*` when the file cannot be used. */
export async function runDemoCamera(options: DemoCameraOptions): Promise<void> {
  const { url, stream, clock, signal, log } = options;
  const file = options.file ?? join(import.meta.dirname, "camera.mkv");
  const recorded = await openRecording(file);
  const { tracks } = recorded;
  const producer = new Producer({ url, stream, create: true, tracks, clock, ...given(options) });
  producer.on((event) => tell(event, log));
  for await (const { track, payload, timeUs, key } of playForever(recorded, { clock, signal }))
    producer.putFrame({ track, data: payload.toBytes(), timestampUs: timeUs, key });
  await producer.end(END_MS);
}

function given({ token, transport }: DemoCameraOptions) {
  return {
    ...(token === undefined ? {} : { token }),
    ...(transport === undefined ? {} : { transport }),
  };
}

function tell(event: ProducerEvent, log: (line: string) => void): void {
  if (event.kind === "disconnected")
    log(`${event.reason}; next try in ${(event.retryMs / 1000).toFixed(1)} s`);
  if (event.kind === "refused") log(`refused: ${event.errorId} ${event.errorCode}`);
  if (event.kind === "dropped") log(`the server is away too long: ${event.frames} frames dropped`);
}
