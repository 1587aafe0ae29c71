/**
 * Many cameras in one process, apart from the server so that its CPU time is its own: on time, each on its own connection.
 * Takes steps over IPC, answers each with what it saw in its second half.
 */
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { type Feed, FRAGMENT_MS, feedOf } from "./camera-feed.ts";
import { percentile } from "./harness.ts";
import { recording } from "./media.ts";

export interface Step {
  readonly kind: "mkv" | "rtmp";
  readonly port: number;
  /** RTMP: where to ask what is durable. */
  readonly url: string;
  readonly prefix: string;
  readonly cameras: number;
  readonly seconds: number;
}

export interface StepResult {
  /** 99th percentile of how long after a fragment's last byte it is durable, ms. */
  readonly durableMs: number;
  /** The most a connection had not handed to the kernel, as ms of media. */
  readonly backlogMs: number;
  /** How late the sender itself was at most, ms. */
  readonly lateMs: number;
  /** CPU time of the sender, cores. */
  readonly cores: number;
}

const TICK_MS = 5;
/** Streams that are asked for each time, every so many ms. */
const ASKED = 16;
const ASK_EVERY_MS = 500;
/** What is on its way at the end of a step may take so long, ms. */
const STOP_MS = 5000;

class Camera {
  readonly #socket: Socket;
  readonly #feed: Feed;
  readonly #startMs: number;
  #next = 0;
  /** When the last byte of each fragment was written, and how many are PERSISTED. */
  readonly #sent: number[] = [];
  #persisted = 0;
  #text = "";
  readonly waits: number[] = [];

  constructor(feed: Feed, options: { port: number; stream: string; startMs: number }) {
    this.#feed = feed;
    this.#startMs = options.startMs;
    this.#socket = connect(options.port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#socket.on("error", () => {});
    this.#socket.on("data", (bytes) => this.#answer(bytes.toString("latin1")));
    this.#socket.write(feed.hello(options.stream));
  }

  /** Bytes the kernel has not taken. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Writes what is due; returns by how much it was late, ms. */
  send(now: number): number {
    const due = now - this.#startMs;
    let late = 0;
    for (let piece = this.#feed.pieces[this.#next]; piece && piece.atMs <= due; ) {
      late = Math.max(late, due - piece.atMs);
      this.#socket.write(piece.bytes);
      if (piece.ends) this.#sent.push(now);
      piece = this.#feed.pieces[++this.#next];
    }
    return late;
  }

  #answer(text: string): void {
    const seen = (this.#text + text).split("PERSISTED");
    this.#text = (seen.at(-1) ?? "").slice(-8);
    for (let i = 1; i < seen.length; i++) this.#durable(performance.now());
  }

  #durable(now: number): void {
    const sent = this.#sent[this.#persisted];
    this.#persisted++;
    if (sent !== undefined) this.waits.push(now - sent);
  }

  /** What is not PERSISTED yet has waited at least until now. */
  async stop(): Promise<void> {
    while (this.#persisted < this.#sent.length) this.#durable(performance.now());
    this.#socket.end(this.#feed.bye);
    await new Promise((resolve) => this.#socket.once("close", resolve));
  }
}

/**
 * RTMP has no acks: the newest durable media of some streams, on the wall clock, is to be no older than a fragment
 * (the one that is open) and what it takes to store one.
 */
async function ask({ url, prefix, cameras }: Step, beganMs: number): Promise<number[]> {
  const names = Array.from({ length: ASKED }, () => Math.floor(Math.random() * cameras));
  const waits = names.map(async (camera) => {
    const answer = await fetch(`${url}/v1/streams/${prefix}${camera}`);
    const { lastMs = beganMs } = (await answer.json()) as { lastMs?: number };
    return Date.now() - lastMs - FRAGMENT_MS;
  });
  return Promise.all(waits);
}

async function run(step: Step, feed: Feed): Promise<StepResult> {
  const [begin, beganMs] = [performance.now(), Date.now()];
  const running: Camera[] = [];
  let [late, backlog] = [0, 0];
  const tick = () => {
    // Spread over a fragment, as cameras that know nothing of each other are.
    for (let i = running.length; i < step.cameras; i++) {
      const startMs = begin + (i / step.cameras) * FRAGMENT_MS;
      if (startMs > performance.now()) break;
      running.push(new Camera(feed, { port: step.port, stream: `${step.prefix}${i}`, startMs }));
    }
    for (const camera of running) late = Math.max(late, camera.send(performance.now()));
  };
  const timer = setInterval(tick, TICK_MS);
  await setTimeout(FRAGMENT_MS + (step.seconds * 1000) / 2);
  for (const camera of running) camera.waits.length = 0;
  late = 0;
  const [cpuBefore, half] = [process.cpuUsage(), performance.now()];
  const asked: number[] = [];
  while (performance.now() < half + (step.seconds * 1000) / 2) {
    await setTimeout(ASK_EVERY_MS);
    for (const camera of running) backlog = Math.max(backlog, camera.backlog);
    if (step.kind === "rtmp") asked.push(...(await ask(step, beganMs)));
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const cores = (user + system) / 1000 / (performance.now() - half);
  clearInterval(timer);
  await Promise.race([Promise.all(running.map((camera) => camera.stop())), setTimeout(STOP_MS)]);
  const waits = step.kind === "rtmp" ? asked : running.flatMap((camera) => camera.waits);
  const backlogMs = (backlog / feed.fragmentBytes) * FRAGMENT_MS;
  return { durableMs: percentile(waits, 0.99), backlogMs, lateMs: late, cores };
}

const input = await recording();
process.on("message", (step: Step) => {
  const feed = feedOf(step.kind, input, step.seconds + 4);
  run(step, feed).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
