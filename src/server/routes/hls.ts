/** Native HLS: `/v1/streams/{name}/hls/…`, made on the fly from the archive and the hub. docs/reference/hls.md. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import type { Rendition } from "../../play/cmaf/renditions.ts";
import { NATIVE_BREAKS } from "../../play/hls/listed.ts";
import { liveMaster, livePlaylist } from "../../play/hls/live-playlist.ts";
import { rangeMaster } from "../../play/hls/masters.ts";
import { rangePlaylist } from "../../play/hls/range-playlist.ts";
import type { FragmentTimes, SegmentService } from "../../play/hls/service.ts";
import { requireInWindow } from "../access/window.ts";
import type { Parts } from "../parts.ts";
import {
  HLS,
  mediaName,
  mediaUris,
  type PlayQuery,
  playQuery,
  queryText,
  requireRange,
} from "./hls-query.ts";
import type { RawQuery, StreamParams } from "./query.ts";
import { goneSignal, HLS_TYPE, openIfSession, sendMedia, sendPlaylist } from "./segment-reply.ts";

type HlsRequest = FastifyRequest<{
  Params: StreamParams & { readonly file: string };
  Querystring: RawQuery;
}>;

/** An empty box (ISO/IEC 14496-12 §8.1.2): for players that load what EXT-X-GAP tells them not to. */
const FREE = Uint8Array.of(0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65);

export function hlsRoutes(app: FastifyInstance, parts: Parts, service: SegmentService): void {
  app.route({
    method: ["GET", "HEAD"],
    url: "/v1/streams/:name/hls/:file",
    config: { access: "read", window: "own", query: HLS },
    handler: async (req: HlsRequest, reply) => {
      const { name: stream, file } = req.params;
      const query = playQuery(req.query);
      openIfSession(reply, parts, query.token);
      if (file === "index.m3u8") {
        requireRange(req.principal, stream, query);
        await parts.archive.get(stream);
        const text = await master(service, { stream, query, gone: goneSignal(reply) });
        return sendPlaylist(req, reply, { text, type: HLS_TYPE });
      }
      return media(req, reply, { service, stream, query });
    },
  });
}

async function master(
  service: SegmentService,
  { stream, query, gone }: { stream: string; query: PlayQuery; gone: AbortSignal },
): Promise<string> {
  const { range, clock, token, muxed, closed } = query;
  if (range === undefined) {
    const uri = (rendition: Rendition, since: number) =>
      `${rendition}.m3u8${queryText({ since, token })}`;
    return liveMaster(service.walk(stream), await service.begun(stream, gone), { uri, muxed });
  }
  const [from, to] = [range.fromMs, closed ? range.toMs : undefined];
  const more = queryText({ from, to, clock: clock === "producer" ? undefined : clock, token });
  const uri = (rendition: Rendition) => `${rendition}.m3u8${more}`;
  return rangeMaster(service.walk(stream), { range, clock }, { uri, muxed });
}

async function media(
  req: HlsRequest,
  reply: FastifyReply,
  { service, stream, query }: { service: SegmentService; stream: string; query: PlayQuery },
): Promise<FastifyReply> {
  const name = mediaName(req.params.file);
  const may = (info: FragmentTimes) => requireInWindow(req.principal, info);
  switch (name?.kind) {
    case "playlist": {
      const { rendition } = name;
      requireRange(req.principal, stream, query);
      const text =
        query.range === undefined
          ? await live(reply, { service, stream, query, rendition })
          : await ofRange(service, { stream, query, rendition });
      return sendPlaylist(req, reply, { text, type: HLS_TYPE });
    }
    case "init":
      return sendMedia(req, reply, await service.init(stream, name.trackSetId, name.rendition));
    case "segment":
      return sendMedia(
        req,
        reply,
        await service.segment(stream, name, { rendition: name.rendition, may }),
      );
    case "time":
      return sendMedia(
        req,
        reply,
        await service.segmentFrom(stream, name.startUs, { rendition: name.rendition, may }),
      );
    case "part":
      // Parts are of what is live.
      requireRange(req.principal, stream, { ...query, range: undefined });
      return sendMedia(req, reply, await service.part(stream, name, goneSignal(reply)));
    case "gap":
      return sendMedia(req, reply, { pieces: [FREE], etag: '"gap"' });
    case undefined:
      throw new Fault("request.no-route", `there is no ${req.params.file.slice(0, 100)}`);
  }
}

interface Wanted {
  readonly stream: string;
  readonly query: PlayQuery;
  readonly rendition: Rendition;
}

/** Throws `request.no-media`, `request.bad`. */
async function live(
  reply: FastifyReply,
  { service, stream, query, rendition }: Wanted & { service: SegmentService },
): Promise<string> {
  const { msn, part, since, skip, token } = query;
  if (msn === undefined && part !== undefined)
    throw new Fault("request.bad", "_HLS_part without _HLS_msn");
  const gone = goneSignal(reply);
  if (msn !== undefined) await service.reached(stream, { sequence: msn, part, rendition }, gone);
  const uris = mediaUris(token);
  const { counts } = service;
  const options = { rendition, uris, since, skip, counts };
  return livePlaylist(service.walk(stream), await service.begun(stream, gone), options);
}

function ofRange(service: SegmentService, { stream, query, rendition }: Wanted): Promise<string> {
  const { range, clock, token, closed } = query;
  if (range === undefined) throw new Fault("request.bad-time", "from is missing");
  return rangePlaylist(service.walk(stream), {
    ...{ range, clock, rendition, uris: mediaUris(token), rule: NATIVE_BREAKS },
    kind: closed ? "vod" : "event",
    dates: "breaks",
    dateClock: clock,
  });
}
