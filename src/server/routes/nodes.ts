/** Which node records a stream, the nodes there are, and what they ask of each other. */
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import { internalRoutes } from "../nodes/internal-routes.ts";
import { isDeclaredLost } from "../nodes/lost-nodes.ts";
import type { Nodes } from "../nodes/nodes.ts";
import { ownUrl } from "../own-url.ts";
import type { Parts } from "../parts.ts";
import type { StreamParams } from "./query.ts";

/** A node as the native API shows it. */
export interface NodeView {
  readonly id: string;
  readonly url: string;
  readonly rtmpUrl: string;
  /** `up`; `gone`: not heard of for a few seconds, or stopped; `lost`: gaps are written down for what it has. */
  readonly state: "up" | "gone" | "lost";
  /** When it was last heard of, ms since the Unix epoch on the index's clock; left out when it said good-bye. */
  readonly seenMs?: number;
  /** True: the one that answers. */
  readonly here: boolean;
}

export function nodeRoutes(app: FastifyInstance, parts: Parts): void {
  const { nodes } = parts;
  app.get<{ Params: StreamParams }>("/v1/streams/:name/endpoint", async (req, reply) => {
    // A page's WebSocket cannot be redirected, so it asks.
    reply.header("cache-control", "no-store");
    return endpoint(parts, req.params.name, ownUrl(req.raw, parts.config));
  });
  app.get("/v1/nodes", async () => ({ nodes: nodes === undefined ? [] : await views(nodes) }));
  app.post<{ Params: { id: string } }>("/v1/nodes/:id/lost", async (req) => {
    const { id } = req.params;
    if (nodes === undefined) throw new Fault("node.not-found", "this server is alone");
    return { packs: await nodes.declareLost(id, "operator") };
  });
  if (nodes === undefined) return;
  internalRoutes(app, {
    auth: nodes.auth,
    clock: parts.clock,
    readHere: (packId, offset, size) => nodes.readHere(packId, offset, size),
    letGo: (stream, address) => nodes.letGo(stream, address),
  });
}

/** Which node has the stream, and where it is reached. Throws `stream.not-found`. */
export async function endpoint({ archive, nodes }: Parts, name: string, url: string) {
  await archive.get(name);
  if (nodes === undefined) return { node: "", url, rtmpUrl: "" };
  return nodes.endpoint(name, nodes.registry.address ?? { url, rtmpUrl: "" });
}

async function views(nodes: Nodes): Promise<NodeView[]> {
  await nodes.registry.read();
  return nodes.registry.all.map((node): NodeView => {
    const { id, url, rtmpUrl, seenMs } = node;
    const state = nodes.registry.isAlive(node) ? "up" : isDeclaredLost(node) ? "lost" : "gone";
    const here = id === nodes.id;
    return { id, url, rtmpUrl, state, ...(seenMs > 0 ? { seenMs } : {}), here };
  });
}
