/** Native DASH: `/v1/streams/{name}/dash/manifest.mpd`. Its segments are those of HLS. docs/reference/hls.md. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import { type MpdLive, writeMpd } from "../../play/dash/mpd.ts";
import { livePeriods, staticPeriods, stretchesOf } from "../../play/dash/periods.ts";
import type { Listed } from "../../play/hls/listed.ts";
import { listRange } from "../../play/hls/lists.ts";
import { archivedNow } from "../../play/hls/live-playlist.ts";
import { leftOut } from "../../play/hls/range-playlist.ts";
import type { SegmentService } from "../../play/hls/service.ts";
import { trackSetsOf } from "../../play/hls/track-sets.ts";
import type { Parts } from "../parts.ts";
import { type PlayQuery, playQuery, queryText } from "./hls-query.ts";
import { type RawQuery, type StreamParams, text } from "./query.ts";
import { DASH_TYPE, openToAll, sendPlaylist } from "./segment-reply.ts";

type DashRequest = FastifyRequest<{ Params: StreamParams; Querystring: RawQuery }>;

export function dashRoutes(app: FastifyInstance, parts: Parts, service: SegmentService): void {
  app.route({
    method: ["GET", "HEAD"],
    url: "/v1/streams/:name/dash/manifest.mpd",
    config: { access: "read" },
    handler: async (req: DashRequest, reply) => {
      const { shift, ...rest } = req.query;
      const query = playQuery(rest);
      if (query.token !== undefined) openToAll(reply);
      const { name: stream } = req.params;
      await parts.archive.get(stream);
      const asked = shiftOf(text({ shift }, "shift"));
      const mpd = await manifest(service, {
        stream,
        query,
        shift: asked,
        nowMs: parts.clock.now(),
      });
      return sendPlaylist(req, reply, { text: mpd, type: DASH_TYPE });
    },
  });
}

interface Wanted {
  readonly stream: string;
  readonly query: PlayQuery;
  /** Server time minus media time with which the player began, ms. */
  readonly shift: number | undefined;
  readonly nowMs: number;
}

/** Throws `request.no-media`, `request.too-large`. */
async function manifest(service: SegmentService, wanted: Wanted): Promise<string> {
  const { stream, query, shift, nowMs } = wanted;
  const walk = service.walk(stream);
  const { range, clock, token, closed } = query;
  if (range !== undefined && !closed)
    throw new Fault("request.bad-time", "from without to: DASH has ranges, and what is live");
  const list: readonly Listed[] =
    range === undefined ? await archivedNow(walk) : await listRange(walk, { range, clock });
  if (list.length === 0) throw new Fault("request.no-media", "there is no media to play");
  const trackSets = await trackSetsOf(service.reader, list);
  const more = queryText({ token });
  const uris = {
    init: (trackSetId: string, rendition: string) =>
      `../hls/init-${trackSetId}-${rendition}.mp4${more}`,
    media: (rendition: string) => `../hls/${rendition}-t$Time$.m4s${more}`,
  };
  const comments = [...trackSets.values()].flatMap(leftOut);
  const periods = (range === undefined ? livePeriods : staticPeriods)(list, { trackSets, uris });
  if (periods.length === 0)
    throw new Fault("codec.unsupported", `no track that DASH carries: ${comments.join(", ")}`);
  const live = range === undefined ? liveOf(list, { shift, token, nowMs }) : undefined;
  return writeMpd({ periods, live, comments });
}

/**
 * Cameras' clocks are wrong: what is newest now is what was live now. The first answer decides, and the address that it
 * gives for the next ones says so.
 */
function liveOf(
  list: readonly Listed[],
  { shift, token, nowMs }: { shift: number | undefined; token: string | undefined; nowMs: number },
): MpdLive {
  const shown = stretchesOf(list).at(-1) ?? [];
  const endUs = shown.at(-1)?.info.producedEndUs ?? 0;
  const availableMs = shift ?? Math.round(nowMs - endUs / 1000);
  return {
    availableMs,
    publishedMs: nowMs,
    windowUs: endUs - (shown[0]?.info.producedStartUs ?? endUs),
    location: `manifest.mpd${queryText({ shift: availableMs, token })}`,
  };
}

function shiftOf(value: string | undefined): number | undefined {
  if (value === undefined || /^-?\d{1,15}$/.test(value))
    return value === undefined ? value : +value;
  throw new Fault("request.bad", `shift: whole milliseconds, not ${value.slice(0, 60)}`);
}
