/**
 * The server's side of one RTMP connection that publishes (RTMP 1.0 §5.2 handshake, §7.2 commands), without a socket:
 * bytes in, events out, and bytes to send. Knows no codec and no stream store.
 */
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";
import { type AmfObject, type AmfValue, readAmf0 } from "./amf0.ts";
import { ChunkReader, controlReader, type RtmpMessage, RtmpType } from "./chunk-reader.ts";
import {
  acknowledgement,
  command,
  OUT_CHUNK_SIZE,
  peerBandwidth,
  pingResponse,
  setChunkSize,
  streamBegin,
  windowAckSize,
} from "./chunk-writer.ts";

export type PeerEvent =
  /** It wants to publish: answer with `accept` or `refuse` before pulling again. */
  | { readonly kind: "publish"; readonly app: string; readonly name: string }
  | { readonly kind: "audio" | "video"; readonly message: RtmpMessage }
  /** It has unpublished. */
  | { readonly kind: "end" };

const VERSION = 3;
const HANDSHAKE_BYTES = 1536;
/** The one message stream a connection gets. */
const STREAM_ID = 1;
/** Bytes we ask to be acknowledged after, and acknowledge after until the peer asks otherwise. */
const WINDOW_BYTES = 5_000_000;
const PING_REQUEST = 6;
/** Before a peer publishes it sends commands only; a claim of megabytes is no command. */
const COMMAND_BYTES = 64 << 10;
/** §5.4.1: lengths have 24 bits. */
const MEDIA_BYTES = 0xffffff;
/** Enhanced RTMP: the codecs we take beside those of FLV's own numbers. */
const FOURCC = ["avc1", "hvc1", "av01", "Opus", "mp4a", ".mp3"];

export class RtmpPeer {
  readonly #reader = new ChunkReader({
    maxMessageBytes: COMMAND_BYTES,
    maxStreams: 32,
    maxHeldBytes: 32 << 20,
  });
  readonly #send: (bytes: Uint8Array) => void;
  readonly #random: (bytes: number) => Uint8Array;
  #state: "hello" | "echo" | "commands" | "publishing" = "hello";
  #app: string | undefined;
  #received = 0;
  #acknowledged = 0;
  #window = WINDOW_BYTES;

  constructor(options: { send(bytes: Uint8Array): void; random(bytes: number): Uint8Array }) {
    this.#send = options.send;
    this.#random = options.random;
  }

  /** Bytes taken and not yet given out. */
  get heldBytes(): number {
    return this.#reader.heldBytes;
  }

  /** As `ChunkReader.room`. */
  room(): Uint8Array {
    return this.#reader.room();
  }

  /** So many bytes have been put at the beginning of the last `room`. */
  filled(count: number): void {
    this.#reader.filled(count);
    this.#count(count);
  }

  /** Copies the bytes. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    this.#count(bytes.length);
  }

  #count(bytes: number): void {
    this.#received += bytes;
    if (this.#received - this.#acknowledged < this.#window) return;
    this.#acknowledged = this.#received;
    if (this.#state === "publishing") this.#send(acknowledgement(this.#received));
  }

  /** The next event, or undefined until more bytes come. Throws `rtmp.*`. */
  pull(): PeerEvent | undefined {
    if (!this.#shaken()) return undefined;
    for (let message = this.#reader.pull(); message !== undefined; message = this.#reader.pull()) {
      const event = this.#message(message);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  accept(): void {
    this.#state = "publishing";
    this.#reader.limits.maxMessageBytes = MEDIA_BYTES;
    this.#send(streamBegin(STREAM_ID));
    this.#status("status", "NetStream.Publish.Start", "recording");
  }

  /** `description` is for people: encoders show it. */
  refuse(
    code: "NetStream.Publish.BadName" | "NetStream.Publish.Denied",
    description: string,
  ): void {
    this.#status("error", code, description);
  }

  /** C0, C1 and C2 have come, S0, S1 and S2 are on their way. The simple handshake: nothing is signed. */
  #shaken(): boolean {
    if (this.#state === "hello") {
      const hello = this.#reader.takeRaw(1 + HANDSHAKE_BYTES);
      if (hello === undefined) return false;
      if (hello[0] !== VERSION) throw new Fault("rtmp.bad-chunk", `not RTMP: version ${hello[0]}`);
      const own = new Uint8Array(HANDSHAKE_BYTES);
      own.set(this.#random(HANDSHAKE_BYTES - 8), 8);
      this.#send(Buffer.concat([Buffer.of(VERSION), own, hello.subarray(1)]));
      this.#state = "echo";
    }
    if (this.#state === "echo") {
      if (this.#reader.takeRaw(HANDSHAKE_BYTES) === undefined) return false;
      this.#state = "commands";
    }
    return true;
  }

  #message(message: RtmpMessage): PeerEvent | undefined {
    const { type, payload } = message;
    switch (type) {
      case RtmpType.commandAmf0:
        return this.#command(readAmf0(payload.toBytes()));
      case RtmpType.commandAmf3:
        // One byte says the format; what follows is AMF0 in practice.
        return this.#command(readAmf0(payload.slice(Math.min(1, payload.length)).toBytes()));
      case RtmpType.audio:
      case RtmpType.video:
        if (this.#state !== "publishing")
          throw new Fault("rtmp.bad-command", "media before publish");
        return { kind: type === RtmpType.audio ? "audio" : "video", message };
      case RtmpType.windowAckSize:
        this.#window = Math.max(1 << 16, controlReader(payload).u32());
        return undefined;
      case RtmpType.userControl:
        this.#userControl(payload);
        return undefined;
      default:
        // Metadata too: what it says about codecs and rates is often wrong.
        return undefined;
    }
  }

  #userControl(payload: Rope): void {
    const reader = controlReader(payload);
    if (reader.left >= 6 && reader.u16() === PING_REQUEST) this.#send(pingResponse(reader.u32()));
  }

  #command(values: readonly AmfValue[]): PeerEvent | undefined {
    const [verb, transaction = 0, info, argument] = values;
    switch (verb) {
      case "connect":
        this.#connect(transaction, isObject(info) ? info : {});
        return undefined;
      case "createStream":
        this.#send(command(0, "_result", transaction, null, STREAM_ID));
        return undefined;
      case "releaseStream":
      case "FCPublish":
        this.#send(command(0, "_result", transaction, null, undefined));
        return undefined;
      case "publish":
        if (this.#state === "publishing") return undefined;
        return { kind: "publish", app: this.#app ?? "", name: String(argument ?? "") };
      case "FCUnpublish":
      case "deleteStream":
      case "closeStream":
        return this.#state === "publishing" ? { kind: "end" } : undefined;
      case "play":
        throw new Fault("rtmp.bad-command", "this server does not play over RTMP");
      default:
        return undefined;
    }
  }

  #connect(transaction: AmfValue, info: AmfObject): void {
    // Its answer is many times as long as it is itself.
    if (this.#app !== undefined) throw new Fault("rtmp.bad-command", "connected already");
    this.#app = String(info.app ?? "");
    this.#send(windowAckSize(WINDOW_BYTES));
    this.#send(peerBandwidth(WINDOW_BYTES));
    this.#send(setChunkSize(OUT_CHUNK_SIZE));
    const server = { fmsVer: "FMS/3,5,7,7009", capabilities: 31, mode: 1, fourCcList: FOURCC };
    const status = {
      ...{ level: "status", code: "NetConnection.Connect.Success" },
      ...{ description: "connected", objectEncoding: 0 },
    };
    this.#send(command(0, "_result", transaction, server, status));
  }

  #status(level: "status" | "error", code: string, description: string): void {
    this.#send(command(STREAM_ID, "onStatus", 0, null, { level, code, description }));
  }
}

function isObject(value: AmfValue): value is AmfObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
