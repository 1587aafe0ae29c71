/** An RTMP encoder made by hand, on a real socket: says what no encoder at hand says, and hears what it is told. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type AmfObject, type AmfValue, amf0, readAmf0 } from "../../src/ingest/rtmp/amf0.ts";
import { ChunkReader, RtmpType } from "../../src/ingest/rtmp/chunk-reader.ts";

/** One chunk a message: the server is told first that chunks are this large, bytes. */
const CHUNK_BYTES = 0xffffff;
const HANDSHAKE_BYTES = 1536;

/** Chunk streams (any will do). */
const Stream = { control: 2, command: 3, audio: 4, video: 6 } as const;

/** C0, C1 and C2. */
export const HELLO = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * HANDSHAKE_BYTES)]);

/** A whole message in one chunk, with a header of format 0. */
export function rtmpMessage(type: number, payload: Uint8Array, timestamp = 0): Buffer {
  const id =
    type === RtmpType.audio
      ? Stream.audio
      : type === RtmpType.video
        ? Stream.video
        : type === RtmpType.commandAmf0
          ? Stream.command
          : Stream.control;
  const head = Buffer.alloc(timestamp >= 0xffffff ? 16 : 12);
  head[0] = id;
  head.writeUIntBE(Math.min(timestamp, 0xffffff), 1, 3);
  head.writeUIntBE(payload.length, 4, 3);
  head[7] = type;
  if (id === Stream.audio || id === Stream.video) head[8] = 1;
  if (timestamp >= 0xffffff) head.writeUInt32BE(timestamp, 12);
  return Buffer.concat([head, payload]);
}

export const rtmpCommand = (...values: AmfValue[]) =>
  rtmpMessage(RtmpType.commandAmf0, amf0(values));

/** What an encoder says up to and with `publish`. */
export function publishing(app: string, name: string): Buffer {
  return Buffer.concat([
    HELLO,
    rtmpMessage(RtmpType.setChunkSize, Buffer.of(0, 0xff, 0xff, 0xff)),
    rtmpCommand("connect", 1, { app, tcUrl: `rtmp://127.0.0.1/${app}` }),
    rtmpCommand("createStream", 2, null),
    rtmpCommand("publish", 3, null, name, "live"),
  ]);
}

interface Status {
  readonly code: string;
  readonly description: string;
}

export interface EncoderOptions {
  readonly port: number;
  readonly name: string;
  readonly app?: string;
  /** Its own address, one of 127.0.0.0/8. */
  readonly from?: string;
}

export class RtmpEncoder {
  readonly socket: Socket;
  readonly #reader = new ChunkReader({
    ...{ maxMessageBytes: CHUNK_BYTES, maxStreams: 8, maxHeldBytes: CHUNK_BYTES },
  });
  #shaken = false;
  readonly #statuses: Status[] = [];
  #told: () => void = () => {};
  readonly closed: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = once(socket, "close");
    socket.on("error", () => {});
    socket.on("data", (bytes) => this.#received(bytes));
    socket.once("close", () => this.#told());
  }

  /** Connects and asks to publish. */
  static async open({ port, name, app = "live", from }: EncoderOptions): Promise<RtmpEncoder> {
    const local = from === undefined ? {} : { localAddress: from };
    const socket = connect({ port, host: "127.0.0.1", ...local });
    await once(socket, "connect");
    const encoder = new RtmpEncoder(socket);
    socket.write(publishing(app, name));
    return encoder;
  }

  /** Connects and publishes. Rejects when it is refused. */
  static async publish(options: EncoderOptions): Promise<RtmpEncoder> {
    const encoder = await RtmpEncoder.open(options);
    const { code, description } = await encoder.status();
    if (code !== "NetStream.Publish.Start") throw new Error(`${code}: ${description}`);
    return encoder;
  }

  /** The next thing it is told of its publish. */
  async status(): Promise<Status> {
    while (this.#statuses.length === 0) {
      if (this.socket.destroyed) throw new Error("the server closed without a word");
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
    return this.#statuses.shift() as Status;
  }

  /** Resolves when the system has taken it. `timestamp`: as it is written, 32 bits. */
  send(kind: "audio" | "video", timestamp: number, payload: Uint8Array): Promise<void> {
    const message = rtmpMessage(RtmpType[kind], payload, timestamp);
    return new Promise((resolve) => this.socket.write(message, () => resolve()));
  }

  /** As encoders end: it says so, and closes. Resolves when the server has closed. */
  async end(): Promise<void> {
    this.socket.end(rtmpCommand("deleteStream", 4, null, 1));
    await this.closed;
  }

  #received(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    if (!this.#shaken && this.#reader.takeRaw(1 + 2 * HANDSHAKE_BYTES) === undefined) return;
    this.#shaken = true;
    for (let m = this.#reader.pull(); m !== undefined; m = this.#reader.pull()) {
      if (m.type !== RtmpType.commandAmf0) continue;
      const [verb, , , info] = readAmf0(m.payload.toBytes());
      if (verb !== "onStatus") continue;
      const { code, description } = info as AmfObject;
      this.#statuses.push({ code: String(code), description: String(description) });
      this.#told();
    }
  }
}
