/**
 * One RTMP connection: a socket, its peer, and the session its media goes to. Not read while the store is behind;
 * ended by deadlines when nothing comes of it.
 */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { StreamCatalogue } from "../../fragment/fragment.ts";
import { crc32 } from "../../native/crc32.ts";
import { readInto } from "../../native/read-into.ts";
import { ensureStream } from "../ensure-stream.ts";
import type { Ingest } from "../ingest.ts";
import type { Placement } from "../placement.ts";
import { identityOf } from "../publishers.ts";
import { fromAddress, type PushAccess } from "../push-access.ts";
import type { IngestSession } from "../session.ts";
import { FlvToMatroska } from "./flv/flv-to-matroska.ts";
import { type PeerEvent, RtmpPeer } from "./peer.ts";
import { publishTarget } from "./stream-name.ts";

/** From the connect to `publish`, ms. */
const PUBLISH_MS = 10_000;
/** Answers that wait because the peer does not read them, bytes: above this it is ended. */
const MAX_UNREAD_BYTES = 64 << 10;
/** A refusal may take so long to reach the encoder before the socket is cut, ms. */
const LINGER_MS = 1000;

export interface RtmpParts {
  readonly ingest: Ingest;
  readonly access: PushAccess;
  readonly placement: Placement;
  readonly catalogue: StreamCatalogue;
  readonly createMissing: boolean;
  readonly defaultRetentionHours: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export class RtmpConnection {
  readonly #socket: Socket;
  readonly #parts: RtmpParts;
  readonly #log: Logger;
  readonly #peer: RtmpPeer;
  readonly #media = new FlvToMatroska(crc32);
  readonly #address: string;
  #unwatch: () => void = () => {};
  #session: IngestSession | undefined;
  #deadline: CancelTimer;
  #opening = false;
  /** A socket that is read into does not look at whether it was paused before it reads. */
  #paused = false;
  #ended = false;

  /** Takes over an accepted socket. Nothing in here throws. */
  constructor(socket: Socket, parts: RtmpParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#address = socket.remoteAddress ?? "";
    this.#log = parts.log.child({ rtmp: this.#address });
    this.#peer = new RtmpPeer({ send: (bytes) => this.#send(bytes), random: randomBytes });
    this.#deadline = parts.clock.after(PUBLISH_MS, () =>
      this.#fail(new Fault("ingest.idle", "nothing was published")),
    );
    socket.setNoDelay(true);
    socket.on("error", () => {});
    const room = () => this.#peer.room();
    const filled = (count: number) => {
      this.#received(() => this.#peer.filled(count));
      return !this.#paused;
    };
    if (!readInto(socket, { room, filled }))
      socket.on("data", (bytes) => this.#received(() => this.#peer.push(bytes)));
    socket.once("end", () => this.#finish());
    socket.once("close", () => this.#closed());
  }

  /** The server stops, or another publisher takes over. */
  close(reason: string): void {
    this.#refuse("NetStream.Publish.Denied", reason);
    this.#finish();
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  #received(take: () => void): void {
    if (this.#ended) return;
    try {
      take();
      this.#drain();
      if (this.#socket.writableLength > MAX_UNREAD_BYTES)
        throw new Fault("rtmp.too-large", "it asks and does not read the answers");
    } catch (error) {
      this.#fail(asFault(error));
    }
  }

  /** Events until there are none, or until a publish has to be decided. */
  #drain(): void {
    while (!this.#ended && !this.#opening) {
      const event = this.#peer.pull();
      if (event === undefined) return;
      this.#event(event);
    }
  }

  #event(event: PeerEvent): void {
    switch (event.kind) {
      case "publish":
        this.#opening = true;
        this.#pause();
        this.#open(event.app, event.name).catch((error) => this.#fail(asFault(error)));
        return;
      case "end":
        this.#finish();
        return;
      default:
        this.#session?.accept(this.#media.accept(event.kind, event.message));
    }
  }

  async #open(app: string, name: string): Promise<void> {
    const { ingest, access, placement, clock, createMissing } = this.#parts;
    const { stream, key } = publishTarget(app, name);
    const grant = access.check(stream, key, fromAddress(this.#address));
    const protocol = "rtmp";
    const identity = identityOf(protocol, grant.who, this.#address);
    await ensureStream(stream, createMissing, this.#parts);
    const owner = await placement.fetch(stream, identity);
    if (owner !== undefined)
      throw new Fault("ingest.busy", `${stream} is recorded by ${owner.node}: ${owner.rtmpUrl}`);
    // It may have gone meanwhile: then it takes the stream from nobody.
    if (this.#ended) return;
    this.#unwatch = grant.watch?.((fault) => this.close(fault.message)) ?? (() => {});
    // Its own clock starts anywhere: what it sends now is from now.
    const startNs = BigInt(clock.now()) * 1_000_000n;
    const session = await ingest.open({
      ...{ stream, startNs, transport: this.#transport(), producer: { protocol, identity } },
      replaced: ({ message }) => this.close(message),
    });
    if (this.#ended) return session.abort();
    this.#session = session;
    this.#deadline();
    this.#peer.accept();
    this.#opening = false;
    this.#log.info("rtmp.publish", { stream });
    this.#resume();
    this.#received(() => {});
  }

  #transport() {
    return {
      // RTMP has no acks: what is durable is in the stream's status.
      send: () => {},
      pause: () => this.#pause(),
      resume: () => this.#resume(),
      finished: (fault: Fault | undefined) => {
        if (fault !== undefined) this.#refuse("NetStream.Publish.Denied", fault.message);
        this.#end();
      },
    };
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** What was sent is stored, also the last group. */
  #finish(): void {
    if (this.#session === undefined) {
      this.#end();
      return;
    }
    this.#session.accept(this.#media.finish());
    this.#session.end();
  }

  #fail(fault: Fault): void {
    if (this.#ended) return;
    this.#log.warn("rtmp.refused", { code: fault.code, message: fault.message });
    const busy = fault.code === "ingest.busy";
    this.#refuse(busy ? "NetStream.Publish.BadName" : "NetStream.Publish.Denied", fault.message);
    if (this.#session === undefined) this.#end();
    else this.#session.abort();
  }

  #refuse(code: "NetStream.Publish.BadName" | "NetStream.Publish.Denied", why: string): void {
    if (!this.#ended) this.#peer.refuse(code, why.slice(0, 200));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unwatch();
    this.#deadline();
    this.#socket.end();
    this.#resume();
    this.#deadline = this.#parts.clock.after(LINGER_MS, () => this.#socket.destroy());
    const { unsupported } = this.#media;
    if (unsupported.size > 0)
      this.#log.warn("rtmp.unsupported", { codecs: [...unsupported].join() });
  }

  #closed(): void {
    if (!this.#ended) {
      this.#session?.accept(this.#media.finish());
      this.#session?.abort();
    }
    this.#end();
    this.#deadline();
  }
}
