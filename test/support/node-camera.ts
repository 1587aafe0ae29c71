/** A producer of numbered frames for tests with several nodes, and viewers that read the numbers back. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { type CancelTimer, realClock } from "../../src/base/clock.ts";
import { readFrameMessage } from "../../src/live/encoders/frames-encoder.ts";

/** One picture in so many ms; a key frame, and so a fragment, every so many pictures. */
const FRAME_MS = 40;
const GROUP = 10;

/** Pictures whose payload is their number, at the pace of a camera. */
export class NumberedCamera {
  readonly producer: Producer;
  /** Fragment numbers that were told PERSISTED, in the order they were told. */
  readonly persisted: string[] = [];
  /** What ended connections, and what was refused. */
  readonly said: string[] = [];
  sent = 0;
  readonly #first: number;
  #cancel: CancelTimer = () => {};
  readonly #startUs: number;

  /** `startMs`: time of the first picture; `first`: its number. */
  constructor(url: string, stream: string, startMs: number = realClock.now(), first = 0) {
    this.#startUs = startMs * 1000;
    this.#first = first;
    const tracks = [
      {
        ...({ number: 1, type: "video", codecId: "V_UNCOMPRESSED", encoding: "plain" } as const),
        video: { width: 2, height: 2 },
      },
    ];
    this.producer = new Producer({ url, stream, tracks, clock: realClock, create: true });
    this.producer.on((event) => {
      if (event.kind === "persisted") this.persisted.push(event.fragmentNumber ?? "");
      if (event.kind === "disconnected") this.said.push(event.reason);
      if (event.kind === "refused") this.said.push(event.errorCode);
    });
    this.#next();
  }

  get startMs(): number {
    return this.#startUs / 1000;
  }

  /** No more pictures; the connection stays. */
  stop(): void {
    this.#cancel();
  }

  /** Goes away, whatever is not durable. */
  async end(): Promise<void> {
    this.#cancel();
    await this.producer.end(1);
  }

  #next(): void {
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, this.#first + this.sent);
    const timestampUs = this.#startUs + this.sent * FRAME_MS * 1000;
    this.producer.putFrame({ track: 1, data, timestampUs, key: this.sent % GROUP === 0 });
    this.sent++;
    this.#cancel = realClock.after(FRAME_MS, () => this.#next());
  }
}

/** A viewer in the `frames` format. */
export class NumberedViewer {
  readonly numbers: number[] = [];
  readonly sequences: number[] = [];
  readonly texts: { readonly type: string; readonly session?: string }[] = [];
  closed = false;
  readonly #ws: WebSocket;
  readonly #looks = new Set<() => void>();

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on("message", (data: Buffer, binary) => {
      if (binary) this.#frame(data);
      else this.texts.push(JSON.parse(data.toString("utf8")));
      for (const look of [...this.#looks]) look();
    });
    ws.on("error", () => {});
    ws.on("close", () => {
      this.closed = true;
    });
  }

  static async open(url: string, stream: string, query = ""): Promise<NumberedViewer> {
    const path = `/v1/streams/${stream}/tail?format=frames${query}`;
    const ws = new WebSocket(`${url.replace("http", "ws")}${path}`, { perMessageDeflate: false });
    const viewer = new NumberedViewer(ws);
    await once(ws, "open");
    return viewer;
  }

  /** Resolves when this becomes true; looked at after every message. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }

  close(): void {
    this.#ws.terminate();
  }

  #frame(data: Buffer): void {
    const read = readFrameMessage(data);
    if (read === undefined) return;
    const { buffer, byteOffset } = read.payload;
    this.numbers.push(new DataView(buffer, byteOffset).getUint32(0));
    this.sequences.push(read.sequence);
  }
}
