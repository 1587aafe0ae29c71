/**
 * This server as one of several nodes: puts the parts of this folder together. Made between the index and the archive,
 * because recovery asks it; started when the ports are open, because the others are told where it is.
 */
import type { Fence, FragmentIndex } from "../../archive/index/fragment-index.ts";
import { type CancelTimer, type Clock, sleep } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { LiveSink } from "../../fragment/live.ts";
import type { Ingest } from "../../ingest/ingest.ts";
import type { Elsewhere } from "../../ingest/placement.ts";
import { IndexTime } from "./index-time.ts";
import { letGoQuery } from "./internal-routes.ts";
import { isDeclaredLost, LostNodes, nodeOf } from "./lost-nodes.ts";
import { LostPacks } from "./lost-packs.ts";
import { NodeAuth } from "./node-auth.ts";
import { NodeClient } from "./node-client.ts";
import { NodePlacement } from "./node-placement.ts";
import { type NodeAddress, NodeRegistry } from "./node-registry.ts";
import { RemotePacks } from "./remote-packs.ts";
import { LEASE_TIMES, type LeaseTimes, StreamLeases } from "./stream-leases.ts";
import { Upstreams } from "./upstreams.ts";

/** For the whole answer of another node, ms. */
const ASK_MS = 10_000;
/** A producer's sessions have so long to end when another node asks for the stream, ms. */
const LET_GO_MS = 3000;

/** What nodes need of the archive. */
export interface NodeArchive {
  /** What is known of the stream's writer is forgotten; its next number is `skip` + 1 above the index's last. */
  takeStream(stream: string, skip: number): void | Promise<void>;
  /** Decides what waits, seals its pack, forgets its writer. */
  dropStream(stream: string): Promise<void>;
  /** As `read`, but never from another node. */
  readHere(packId: string, offset: number, size: number): Promise<Uint8Array>;
}

export interface NodesOptions {
  readonly id: string;
  /** Shared by all nodes. */
  readonly secret: string;
  readonly index: FragmentIndex;
  readonly clock: Clock;
  readonly log: Logger;
  readonly times?: Partial<LeaseTimes>;
  /** A node that is not heard of for so long is declared lost, ms. */
  readonly lostMs: number;
}

/** The parts that are there later than this. */
export interface NodesParts {
  readonly archive: NodeArchive;
  readonly ingest: Ingest;
  readonly hub: LiveSink;
}

export class Nodes {
  readonly id: string;
  readonly auth: NodeAuth;
  readonly leases: StreamLeases;
  readonly registry: NodeRegistry;
  readonly placement: NodePlacement;
  readonly lostPacks: LostPacks;
  readonly #options: NodesOptions;
  readonly #times: LeaseTimes;
  readonly #remote: RemotePacks;
  readonly #lostNodes: LostNodes;
  #parts: NodesParts | undefined;
  #upstreams: Upstreams | undefined;
  #cancel: CancelTimer = () => {};
  #closed = false;

  constructor(options: NodesOptions) {
    const { id, secret, index, clock, log } = options;
    const times = { ...LEASE_TIMES, ...options.times };
    const time = new IndexTime(index, clock);
    this.#options = options;
    this.#times = times;
    this.id = id;
    this.auth = new NodeAuth(secret, id);
    this.leases = new StreamLeases({
      ...{ index, time, clock, log, times, node: id },
      taken: (stream, skip) => this.#taken(stream, skip),
      dropped: async (stream) => this.#parts?.archive.dropStream(stream),
      lost: (stream) => this.#lost(stream),
    });
    const { renewMs: everyMs, ttlMs: aliveMs } = times;
    const status = () => JSON.stringify({ streams: this.leases.streams.length });
    this.registry = new NodeRegistry({ index, time, clock, log, id, everyMs, aliveMs, status });
    const client = new NodeClient({ auth: this.auth, clock, timeoutMs: ASK_MS });
    this.#remote = new RemotePacks(this.registry, client);
    this.placement = new NodePlacement({
      ...{ leases: this.leases, registry: this.registry, time, clock },
      waitMs: times.ttlMs + ASK_MS,
      lease: (stream) => index.lease(stream),
      ask: async (node, stream, identity) => {
        const path = `/internal/streams/${encodeURIComponent(stream)}/let-go`;
        const url = path + letGoQuery(identity);
        const { status } = await client.ask(node.url, url, { method: "POST" });
        return status === 200;
      },
    });
    this.lostPacks = new LostPacks(index, clock);
    this.#lostNodes = new LostNodes({ index, clock, log });
  }

  /** What a commit of this stream carries. */
  fence(stream: string): Fence | undefined {
    return this.leases.fence(stream);
  }

  /** For recovery: see `StreamLeases.reclaim`. */
  mayComplete(stream: string): Promise<Fence | undefined> {
    return this.leases.reclaim(stream);
  }

  /** Throws `store.*`. */
  remoteRead(node: string, packId: string, offset: number, size: number): Promise<Uint8Array> {
    return this.#remote.read(node, packId, offset, size);
  }

  /** The parts that need this one are there. */
  attach(parts: NodesParts): void {
    const { clock, log } = this.#options;
    this.#parts = parts;
    this.#upstreams = new Upstreams({
      ...{ hub: parts.hub, clock, log },
      owner: (stream) => this.placement.lookUp(stream),
      authorization: (path) => this.auth.header({ method: "GET", path }, clock.now()),
    });
  }

  /** The ports are open: the others may know. Throws `index.unavailable`. */
  async start(address: NodeAddress): Promise<void> {
    await this.#lostNodes.cameBack(this.id);
    await this.registry.start(address);
    await this.#watch();
  }

  /** A viewer of this stream is here. Call the result when it goes. */
  watch(stream: string): () => void {
    return this.#upstreams?.watch(stream) ?? (() => {});
  }

  /** Connections to other nodes for viewers here, made so far. */
  get upstreamConnections(): number {
    return this.#upstreams?.connections ?? 0;
  }

  /** Throws `store.*`. */
  readHere(packId: string, offset: number, size: number): Promise<Uint8Array> {
    if (this.#parts === undefined) throw new Fault("store.unavailable", "the node is starting");
    return this.#parts.archive.readHere(packId, offset, size);
  }

  /** For a producer that has come to another node. False: another one is pushing here. */
  async letGo(stream: string, identity: string): Promise<boolean> {
    const why = "the same producer has connected to another node";
    const replaced = this.#parts?.ingest.publishers.replace(stream, identity, why) ?? false;
    const { clock } = this.#options;
    const since = clock.elapsed();
    while (!(await this.leases.letGo(stream))) {
      if (!replaced || clock.elapsed() - since > LET_GO_MS) return false;
      await sleep(clock, 50);
    }
    return true;
  }

  /** Where the stream is recorded: an address for producers and viewers. */
  async endpoint(stream: string, here: NodeAddress): Promise<Elsewhere> {
    return (await this.placement.lookUp(stream)) ?? { node: this.id, ...here };
  }

  /** Throws `node.not-found`, `request.bad` (it is there). Returns how many packs are missing with it. */
  async declareLost(id: string, who: string): Promise<number> {
    await this.registry.read();
    const node = nodeOf(this.registry.all, id);
    if (this.registry.isAlive(node)) throw new Fault("request.bad", `node ${id} is there`);
    return this.#lostNodes.declare(node, who);
  }

  /** Call when no session is left and before the archive closes. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    this.#upstreams?.close();
    await this.leases.close();
    await this.registry.close();
  }

  async #taken(stream: string, skip: number): Promise<void> {
    this.#upstreams?.leave(stream);
    await this.#parts?.archive.takeStream(stream, skip);
  }

  async #lost(stream: string): Promise<void> {
    const why = new Fault("ingest.fenced", `${stream} is recorded by another node`);
    await this.#parts?.ingest.endStream(stream, why);
  }

  /** Who is not there, now and again and again. */
  async #watch(): Promise<void> {
    const { clock, log, lostMs } = this.#options;
    try {
      const gone = this.registry.all.filter(({ id }) => id !== this.id);
      await this.lostPacks.update(gone, (node) => !this.registry.isAlive(node));
      for (const node of gone)
        if (!isDeclaredLost(node) && node.seenMs > 0 && this.registry.quietMs(node) > lostMs)
          await this.#lostNodes.declare(node, "nodes");
    } catch (error) {
      const { code, message } = asFault(error);
      log.warn("nodes.not-read", { code, message });
    }
    const { renewMs } = this.#times;
    if (!this.#closed) this.#cancel = clock.after(renewMs, () => void this.#watch());
  }
}
