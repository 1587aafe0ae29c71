/** Many cameras in one process, each frame different, and the proof that all of it is in the archive once. */
import { createHash } from "node:crypto";
import type { ProducerEvent } from "../producer-sdk/src/events.ts";
import { Producer } from "../producer-sdk/src/producer.ts";
import { realClock } from "../src/base/clock.ts";
import { frames } from "../src/media/mkv/consumer.ts";
import type { Track } from "../src/media/track.ts";

const FPS = 25;
/** Frames from key frame to key frame. */
const GROUP = 50;
const TRACKS: readonly Track[] = [
  {
    ...{ number: 1, type: "video", codecId: "V_TEST", encoding: "plain" },
    video: { width: 1280, height: 720 },
  },
];

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("base64");

export interface CamerasOptions {
  readonly url: string;
  readonly count: number;
  /** Bits per second of each. */
  readonly bitrate: number;
  /** 1: as a camera does; 10: ten seconds of media in each second. */
  readonly speed?: number;
}

interface Camera {
  readonly stream: string;
  readonly producer: Producer;
  readonly made: string[];
  readonly startMs: number;
  persisted: number;
  dropped: number;
  errors: number;
  lastPersistedMs: number;
  /** The longest time without a PERSISTED since `mark`, ms. */
  silence: number;
}

export class Cameras {
  readonly #cameras: Camera[] = [];
  readonly #options: CamerasOptions;
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #mediaMs = 0;

  constructor(options: CamerasOptions) {
    this.#options = options;
    const { url, count } = options;
    for (let i = 0; i < count; i++) this.#cameras.push(aCamera(url, `cam-${i}`));
  }

  start(): void {
    this.#startedMs = realClock.elapsed();
    this.#timer = setInterval(() => this.#step(), 40);
  }

  /** Frames that are due. */
  #step(): void {
    const { speed = 1, bitrate } = this.#options;
    const due = (realClock.elapsed() - this.#startedMs) * speed;
    for (; this.#mediaMs <= due; this.#mediaMs += 1000 / FPS)
      for (const camera of this.#cameras) putFrame(camera, bitrate / 8 / FPS);
  }

  /** Seconds of media made so far. */
  get seconds(): number {
    return this.#mediaMs / 1000;
  }

  get persisted(): number {
    return this.#cameras.reduce((sum, { persisted }) => sum + persisted, 0);
  }

  get errors(): number {
    return this.#cameras.reduce((sum, { errors }) => sum + errors, 0);
  }

  /** The longest silence of any camera since the call before, ms. */
  silence(): number {
    const now = realClock.elapsed();
    const longest = Math.max(
      ...this.#cameras.map(({ silence, lastPersistedMs }) =>
        Math.max(silence, now - lastPersistedMs),
      ),
    );
    for (const camera of this.#cameras) camera.silence = 0;
    return longest;
  }

  /** Stops and waits until everything is durable. Returns the fragments that are not, which must be none. */
  async stop(waitMs = 120_000): Promise<number> {
    clearInterval(this.#timer);
    const left = await Promise.all(this.#cameras.map(({ producer }) => producer.end(waitMs)));
    return left.reduce(
      (sum, { waiting, refused, dropped }) => sum + waiting + refused + dropped,
      0,
    );
  }

  /** Reads every stream back from a server and compares frame by frame. */
  async verify(url: string): Promise<Verdict> {
    const verdict: Verdict = {
      frames: 0,
      missing: 0,
      doubled: 0,
      foreign: 0,
      dropped: 0,
      order: 0,
    };
    for (const camera of this.#cameras) {
      const got = await archived(url, camera);
      compare(camera.made, got, verdict);
      verdict.dropped += camera.dropped;
    }
    return verdict;
  }
}

export interface Verdict {
  frames: number;
  missing: number;
  doubled: number;
  /** In the archive and never made. */
  foreign: number;
  dropped: number;
  /** Out of their order. */
  order: number;
}

function aCamera(url: string, stream: string): Camera {
  const producer = new Producer({ url, stream, create: true, tracks: TRACKS, clock: realClock });
  const now = realClock.elapsed();
  const camera: Camera = {
    ...{ stream, producer, made: [], startMs: Math.floor(Date.now() / 1000) * 1000 },
    ...{ persisted: 0, dropped: 0, errors: 0, lastPersistedMs: now, silence: 0 },
  };
  producer.on((event: ProducerEvent) => {
    if (event.kind === "dropped") camera.dropped++;
    if (event.kind === "refused") camera.errors++;
    if (event.kind !== "persisted") return;
    const at = realClock.elapsed();
    camera.persisted++;
    camera.silence = Math.max(camera.silence, at - camera.lastPersistedMs);
    camera.lastPersistedMs = at;
  });
  return camera;
}

function putFrame(camera: Camera, bytes: number): void {
  const at = camera.made.length;
  const data = new Uint8Array(Math.round(bytes * (0.5 + Math.random())));
  new DataView(data.buffer).setUint32(0, at);
  for (let n = 4; n < data.length; n += 501) data[n] = Math.random() * 256;
  const timestampMs = camera.startMs + (at * 1000) / FPS;
  camera.producer.putFrame({
    ...{ track: 1, data, timestampUs: timestampMs * 1000, key: at % GROUP === 0 },
  });
  camera.made.push(`${timestampMs} ${hash(data)}`);
}

async function archived(url: string, { stream, startMs }: Camera): Promise<string[]> {
  const range = `from=${startMs - 1000}&to=${startMs + 86_400_000}`;
  const answer = await fetch(`${url}/v1/streams/${stream}/clip.mkv?${range}`);
  if (!answer.ok || answer.body === null)
    throw new Error(`${stream}: ${answer.status} ${await answer.text()}`);
  const out: string[] = [];
  let dateMs = 0;
  for await (const frame of frames(answer.body)) {
    if (out.length === 0) dateMs = startMs - frame.timeUs / 1000;
    out.push(`${Math.round(frame.timeUs / 1000 + dateMs)} ${hash(frame.payload.toBytes())}`);
  }
  return out;
}

function compare(made: readonly string[], got: readonly string[], verdict: Verdict): void {
  const counts = new Map<string, number>();
  for (const frame of got) counts.set(frame, (counts.get(frame) ?? 0) + 1);
  verdict.frames += made.length;
  for (const frame of made) {
    const times = counts.get(frame) ?? 0;
    if (times === 0) verdict.missing++;
    if (times > 1) verdict.doubled += times - 1;
    counts.delete(frame);
  }
  verdict.foreign += counts.size;
  if (verdict.missing + verdict.doubled + counts.size === 0)
    verdict.order += made.filter((frame, i) => got[i] !== frame).length;
}
