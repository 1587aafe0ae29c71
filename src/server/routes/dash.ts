/** Native DASH: `/v1/streams/{name}/dash/manifest.mpd`; its segments are those of HLS. docs/reference/hls.md. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { DashUris } from "../../play/dash/manifest.ts";
import { liveManifest, rangeManifest } from "../../play/dash/manifests.ts";
import type { SegmentService } from "../../play/hls/service.ts";
import type { Parts } from "../parts.ts";
import {
  dashQuery,
  mediaUris,
  PLAY,
  type PlayQuery,
  queryText,
  requireRange,
} from "./hls-query.ts";
import type { RawQuery, StreamParams } from "./query.ts";
import { DASH_TYPE, openIfSession, sendPlaylist } from "./segment-reply.ts";

type DashRequest = FastifyRequest<{ Params: StreamParams; Querystring: RawQuery }>;

export function dashRoutes(app: FastifyInstance, parts: Parts, service: SegmentService): void {
  app.route({
    method: ["GET", "HEAD"],
    url: "/v1/streams/:name/dash/manifest.mpd",
    config: { access: "read", window: "own", query: PLAY },
    handler: async (req: DashRequest, reply) => {
      const { name: stream } = req.params;
      const query = dashQuery(req.query);
      openIfSession(reply, parts, query.token);
      requireRange(req.principal, stream, query);
      await parts.archive.get(stream);
      const text = await manifest(service, { stream, query, nowMs: parts.clock.now() });
      return sendPlaylist(req, reply, { text, type: DASH_TYPE });
    },
  });
}

async function manifest(
  service: SegmentService,
  { stream, query, nowMs }: { stream: string; query: PlayQuery; nowMs: number },
): Promise<string> {
  const { range, clock, token, since, skewMs } = query;
  const walk = service.walk(stream);
  const uris = dashUris(token);
  if (range !== undefined) return rangeManifest(walk, { range, clock }, { uris });
  const location = (session: { since: number; skewMs: number }) =>
    `manifest.mpd${queryText({ ...session, token })}`;
  const options = { nowMs, uris, since, skewMs, location };
  return liveManifest(walk, await service.live(stream), options);
}

function dashUris(token: string | undefined): DashUris {
  const more = queryText({ token });
  const { init } = mediaUris(token);
  return {
    init: (trackSetId, rendition) => `../hls/${init(trackSetId, rendition)}`,
    media: (rendition) => `../hls/${rendition}-t$Time$.m4s${more}`,
  };
}
