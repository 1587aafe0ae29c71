/** From settings to a node: what the archive is told before it opens, and the node itself once there is an index. */
import type { Fence, FragmentIndex } from "../../archive/index/fragment-index.ts";
import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Config } from "../config.ts";
import { readSecret } from "../push-tokens.ts";
import { nodeId } from "./node-id.ts";
import { Nodes } from "./nodes.ts";
import { LEASE_TIMES, type LeaseTimes } from "./stream-leases.ts";

/** What the archive of a node is told. */
export interface ArchiveNodeOptions {
  readonly node: string;
  /** Folder of index and packs; the data folder keeps what is only this node's. */
  readonly sharedDir?: string;
  readonly sharedIndex: true;
  fence(stream: string): Fence | undefined;
  mayComplete(stream: string): Promise<Fence | undefined>;
  remoteRead(node: string, packId: string, offset: number, size: number): Promise<Uint8Array>;
  wrapIndex(index: FragmentIndex): FragmentIndex;
}

export interface NodeSetUp {
  readonly archive: ArchiveNodeOptions;
  /** Once the archive is open. */
  nodes(): Nodes;
}

const HOUR_MS = 3_600_000;

/** Undefined when this server is alone. Throws `config.bad`, `store.unavailable`. */
export function setUpNode(config: Config, clock: Clock, log: Logger): NodeSetUp | undefined {
  const { clusterKeyFile, dataDir, sharedDir } = config;
  if (clusterKeyFile === undefined) return undefined;
  const secret = readSecret(clusterKeyFile);
  const id = nodeId(dataDir, config.node);
  // Said now: afterwards ports are open and streams taken.
  nodeUrl(config, 0);
  const [times, lostMs] = [leaseTimes(config.leaseSeconds), config.nodeLostHours * HOUR_MS];
  let made: Nodes | undefined;
  const nodes = () => {
    assert(made !== undefined, "the index opens before anything asks for the node");
    return made;
  };
  const archive: ArchiveNodeOptions = {
    node: id,
    sharedIndex: true,
    ...(sharedDir === undefined ? {} : { sharedDir }),
    fence: (stream) => nodes().fence(stream),
    mayComplete: (stream) => nodes().mayComplete(stream),
    remoteRead: (...args) => nodes().remoteRead(...args),
    wrapIndex(index) {
      made = new Nodes({ id, secret, index, clock, log: log.child({ node: id }), times, lostMs });
      return index;
    },
  };
  return { archive, nodes };
}

/** The shares of a lease's life are those of the default. */
function leaseTimes(seconds: number): LeaseTimes {
  const ttlMs = seconds * 1000;
  const share = ttlMs / LEASE_TIMES.ttlMs;
  const { renewMs, marginMs, idleMs } = LEASE_TIMES;
  return { ttlMs, renewMs: renewMs * share, marginMs: marginMs * share, idleMs };
}

/** Where others reach this node's HTTP port. Throws `config.bad`. */
export function nodeUrl(config: Config, port: number): string {
  const { host } = config;
  const anywhere = host === "0.0.0.0" || host === "::";
  if (config.nodeUrl === undefined && anywhere)
    throw new Fault(
      "config.bad",
      "nodeUrl: on all addresses, a node must say by which it is reached",
    );
  const scheme = config.tlsCert === undefined ? "http" : "https";
  const given = config.nodeUrl ?? `${scheme}://${host.includes(":") ? `[${host}]` : host}`;
  if (!/^https?:\/\/(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(given))
    throw new Fault("config.bad", `nodeUrl: http://host or http://host:port, not ${given}`);
  return /:\d+$/.test(given) ? given : `${given}:${port}`;
}

/** The same for RTMP; "" without. */
export function nodeRtmpUrl(config: Config, port: number | undefined): string {
  if (port === undefined) return "";
  const url = nodeUrl(config, 0)
    .replace(/:\d+$/, "")
    .replace(/^https?/, "rtmp");
  return `${url}:${port}`;
}
