/** `/v1/streams`: list, create, describe, change, delete. */
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { ProducerState } from "../../ingest/ingest.ts";
import type { FrameRates } from "../../live/frame-rate.ts";
import { headOf } from "../access/enforce.ts";
import { deleteStream } from "../delete-stream.ts";
import type { Parts } from "../parts.ts";
import type { SourceView } from "../pull/pulled-source.ts";
import { change, NOBODY } from "./retention.ts";
import { type TrackView, trackViews } from "./track-view.ts";

/** A stream as the native API shows it. Times are ms since the Unix epoch. */
export interface StreamView {
  readonly name: string;
  readonly createdMs: number;
  readonly retentionHours: number;
  /** 0: no bound. */
  readonly retentionBytes: number;
  /** Changes with every change of the stream. */
  readonly version: string;
  readonly mediaType?: string;
  /** A producer is connected, here or (some seconds long after it has gone) to another node. */
  readonly live: boolean;
  /** The other node that records it. */
  readonly node?: string;
  /** The producer that is connected here, or was last since the start: what its acks say. */
  readonly producer?: ProducerState;
  readonly viewers: number;
  /** Over the last ten seconds, while its producer is connected here. */
  readonly rate?: FrameRates;
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
  readonly retentionBytes?: number;
  readonly mediaType?: string;
}

interface PatchBody extends Omit<CreateBody, "name"> {
  /** Refused when it is another one by now. */
  readonly version?: string;
  readonly who?: string;
}

const mediaType = { type: "string", maxLength: 128 } as const;

const createSchema = {
  body: {
    type: "object",
    required: ["name"],
    additionalProperties: false,
    properties: {
      name: { type: "string", minLength: 1, maxLength: 256 },
      ...change,
      mediaType,
    },
  },
} as const;

const patchSchema = {
  body: {
    type: "object",
    additionalProperties: false,
    properties: {
      ...change,
      mediaType,
      version: { type: "string", minLength: 1, maxLength: 128 },
      who: { type: "string", minLength: 1, maxLength: 128 },
    },
  },
} as const;

export function streamRoutes(app: FastifyInstance, parts: Parts): void {
  app.get("/v1/streams", async (req) => {
    const principal = await parts.guard.identify(headOf(req));
    const all = await parts.archive.list();
    const infos = all.filter(({ name }) => principal.may("read", { stream: name }));
    return { streams: await Promise.all(infos.map((info) => view(parts, info))) };
  });
  app.post<{ Body: CreateBody }>("/v1/streams", { schema: createSchema }, async (req, reply) => {
    const retentionHours = parts.config.defaultRetentionHours;
    const who = req.principal.id;
    const info = await parts.archive.create({ retentionHours, ...req.body, who });
    return reply.code(201).send(await view(parts, info));
  });
  app.get<{ Params: { name: string } }>("/v1/streams/:name", async (req) =>
    view(parts, await parts.archive.get(req.params.name)),
  );
  // What is too much by the new rules goes with the next sweep; `retention/preview` tells beforehand.
  app.patch<{ Params: { name: string }; Body: PatchBody }>(
    "/v1/streams/:name",
    { schema: patchSchema },
    async (req) => {
      const { who = NOBODY, version, ...changes } = req.body;
      if (Object.keys(changes).length === 0)
        throw new Fault("request.bad", "nothing to change: give a retention or a media type");
      const patch = { who, ...changes, ...(version === undefined ? {} : { version }) };
      return view(parts, await parts.retention.change(req.params.name, patch));
    },
  );
  app.delete<{ Params: { name: string } }>("/v1/streams/:name", async (req, reply) => {
    await deleteStream(parts, req.params.name);
    return reply.code(204).send();
  });
}

async function view(parts: Parts, info: StreamInfo): Promise<StreamView> {
  const status = parts.hub.status(info.name);
  const extent = await parts.archive.extent(info.name);
  const producer = parts.ingest.producer(info.name);
  const owner = await parts.nodes?.placement.lookUp(info.name);
  return {
    name: info.name,
    createdMs: info.createdMs,
    retentionHours: info.retentionHours,
    retentionBytes: info.retentionBytes,
    version: info.version,
    ...(info.mediaType === undefined ? {} : { mediaType: info.mediaType }),
    live: (status?.live ?? false) || owner !== undefined,
    ...(owner === undefined ? {} : { node: owner.node }),
    ...(producer === undefined ? {} : { producer }),
    viewers: status?.viewers ?? 0,
    ...(status?.live ? { rate: status.rates } : {}),
    ...(status?.lastFrameMs === undefined ? {} : { lastFrameMs: status.lastFrameMs }),
    ...(status?.trackSet === undefined ? {} : { tracks: trackViews(status.trackSet) }),
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
