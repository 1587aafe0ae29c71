/** `/v1/streams`: list, create, describe, delete. */
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { Parts } from "../parts.ts";
import type { SourceView } from "../pull/pulled-source.ts";
import { type TrackView, trackView } from "./track-view.ts";

/** A stream as the native API shows it. Times are ms since the Unix epoch. */
export interface StreamView {
  readonly name: string;
  readonly createdMs: number;
  readonly retentionHours: number;
  /** A producer is connected, here or (some seconds long after it has gone) to another node. */
  readonly live: boolean;
  /** The other node that records it. */
  readonly node?: string;
  readonly viewers: number;
  readonly lastFrameMs?: number;
  readonly tracks?: readonly TrackView[];
  /** Producer time of the oldest and newest archived media. */
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly bytes: number;
  /** The camera that the server pulls for it; more at `/v1/streams/{name}/source`. */
  readonly source?: Pick<SourceView, "address" | "state" | "reason">;
}

interface CreateBody {
  readonly name: string;
  readonly retentionHours?: number;
  readonly mediaType?: string;
}

const createSchema = {
  body: {
    type: "object",
    required: ["name"],
    additionalProperties: false,
    properties: {
      name: { type: "string", minLength: 1, maxLength: 256 },
      retentionHours: { type: "integer", minimum: 0, maximum: 87_600 },
      mediaType: { type: "string", maxLength: 128 },
    },
  },
} as const;

export function streamRoutes(app: FastifyInstance, parts: Parts): void {
  app.get("/v1/streams", async () => {
    const infos = await parts.archive.list();
    return { streams: await Promise.all(infos.map((info) => view(parts, info))) };
  });
  app.post<{ Body: CreateBody }>("/v1/streams", { schema: createSchema }, async (req, reply) => {
    const { name, retentionHours = parts.config.defaultRetentionHours, mediaType } = req.body;
    const info = await parts.archive.create({
      name,
      retentionHours,
      ...(mediaType === undefined ? {} : { mediaType }),
    });
    return reply.code(201).send(await view(parts, info));
  });
  app.get<{ Params: { name: string } }>("/v1/streams/:name", async (req) =>
    view(parts, await parts.archive.get(req.params.name)),
  );
  app.delete<{ Params: { name: string } }>("/v1/streams/:name", async (req, reply) => {
    const { name } = req.params;
    if (parts.pulls.find(name) !== undefined)
      throw new Fault("ingest.busy", `${name} has a source; take that away first`);
    if (parts.hub.status(name)?.live)
      throw new Fault("ingest.busy", `${name} has a producer connected; stop it first`);
    const owner = await parts.nodes?.placement.lookUp(name);
    if (owner !== undefined)
      throw new Fault(
        "ingest.busy",
        `${name} is recorded by node ${owner.node}; stop its producer first`,
      );
    await parts.archive.delete(name);
    parts.hub.forget(name);
    return reply.code(204).send();
  });
}

async function view(parts: Parts, info: StreamInfo): Promise<StreamView> {
  const status = parts.hub.status(info.name);
  const extent = await parts.archive.extent(info.name);
  const owner = await parts.nodes?.placement.lookUp(info.name);
  return {
    name: info.name,
    createdMs: info.createdMs,
    retentionHours: info.retentionHours,
    live: (status?.live ?? false) || owner !== undefined,
    ...(owner === undefined ? {} : { node: owner.node }),
    viewers: status?.viewers ?? 0,
    ...(status?.lastFrameMs === undefined ? {} : { lastFrameMs: status.lastFrameMs }),
    ...(status?.trackSet === undefined ? {} : { tracks: status.trackSet.tracks.map(trackView) }),
    ...(extent === undefined
      ? { bytes: 0 }
      : {
          firstMs: Math.floor(extent.producedStartUs / 1000),
          lastMs: Math.ceil(extent.producedEndUs / 1000),
          bytes: extent.bytes,
        }),
    ...sourceOf(parts, info.name),
  };
}

function sourceOf({ pulls }: Parts, name: string): Pick<StreamView, "source"> {
  const found = pulls.find(name);
  if (found === undefined) return {};
  const { address, state, reason } = found;
  return { source: { address, state, ...(reason === undefined ? {} : { reason }) } };
}
