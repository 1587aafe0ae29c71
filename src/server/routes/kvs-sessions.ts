/**
 * What the URLs of KVS playback sessions lead to: `/hls/v1/…` and `/dash/v1/…`. The token in the query is the only
 * credential and all there is of the session. docs/reference/hls.md.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import { parseFragmentNumber } from "../../fragment/fragment-number.ts";
import { fragmentFrom } from "../../play/hls/lists.ts";
import type { SegmentService } from "../../play/hls/service.ts";
import { fromFastify } from "../error-reply.ts";
import { type KvsError, kvsError } from "../kvs/errors.ts";
import { belongs, type PlaybackPurpose, type PlaybackSession } from "../kvs-playback.ts";
import type { Parts } from "../parts.ts";
import { sessionManifest } from "./kvs-session-dash.ts";
import {
  renditionOf,
  type SessionRequest,
  sessionMaster,
  sessionPlaylist,
} from "./kvs-session-hls.ts";
import { type RawQuery, text } from "./query.ts";
import { DASH_TYPE, HLS_TYPE, openToAll, sendMedia, sendPlaylist } from "./segment-reply.ts";

type Request = FastifyRequest<{ Querystring: RawQuery }>;
type Answer = (
  request: SessionRequest,
  http: { req: Request; reply: FastifyReply },
) => Promise<FastifyReply>;

export function kvsSessionRoutes(
  app: FastifyInstance,
  parts: Parts,
  service: SegmentService,
): void {
  app.register((scope, _options, ready) => {
    scope.addHook("onRequest", async (_req, reply) => openToAll(reply));
    scope.setErrorHandler((error, _req, reply) => {
      const fault = fromFastify(error);
      if (fault.code === "internal")
        parts.log.error("request.failed", { error: String(fault.stack ?? fault) });
      const { status, type, message } = refusal(fault);
      return reply.code(status).header("x-amzn-errortype", type).send({ Message: message });
    });
    const route = (purpose: PlaybackPurpose, file: string, answer: Answer) =>
      scope.route({
        method: ["GET", "HEAD"],
        url: `/${purpose}/v1/${file}`,
        config: { access: "own" },
        handler: async (req: Request, reply) => {
          const request = opened(parts, service, { purpose, req });
          return answer(request, { req, reply });
        },
      });
    route("hls", "getHLSMasterPlaylist.m3u8", async (request, { req, reply }) =>
      sendPlaylist(req, reply, { text: await sessionMaster(request), type: HLS_TYPE }),
    );
    route("hls", "getHLSMediaPlaylist.m3u8", async (request, { req, reply }) => {
      const list = await sessionPlaylist(request, rendition(request, req));
      return sendPlaylist(req, reply, { text: list, type: HLS_TYPE });
    });
    route("dash", "getDASHManifest.mpd", async (request, { req, reply }) =>
      sendPlaylist(req, reply, { text: await sessionManifest(request), type: DASH_TYPE }),
    );
    for (const purpose of ["hls", "dash"] as const) {
      route(purpose, "getMP4InitFragment.mp4", init);
      route(purpose, "getMP4MediaFragment.mp4", media);
    }
    ready();
  });
}

/** Throws `auth.required`, `auth.denied`, `auth.expired`. */
function opened(
  parts: Parts,
  service: SegmentService,
  { purpose, req }: { purpose: PlaybackPurpose; req: Request },
): SessionRequest {
  const token = text(req.query, "SessionToken");
  const { stream, data } = parts.sessions.read(token, purpose);
  const session = data as PlaybackSession;
  return { service, stream, session, token: token ?? "", nowMs: parts.clock.now() };
}

const init: Answer = async (request, { req, reply }) => {
  const { service, stream } = request;
  const id = text(req.query, "TrackSetId") ?? "";
  if (!/^[0-9a-z]{1,64}$/.test(id)) throw new Fault("request.bad", "TrackSetId is missing");
  return sendMedia(req, reply, await service.init(stream, id, rendition(request, req)));
};

/** Whatever the token's holder asks for: nothing outside of the session. */
const media: Answer = async (request, { req, reply }) => {
  const { service, session } = request;
  const fragment = await asked(request, req.query);
  if (!belongs(fragment, session))
    throw new Fault("request.no-media", "the fragment is not of this session");
  return sendMedia(req, reply, await service.archived(fragment, rendition(request, req)));
};

function asked({ service, stream }: SessionRequest, query: RawQuery): Promise<StoredFragment> {
  const number = text(query, "FragmentNumber");
  if (number !== undefined) return service.fragmentAt(stream, parseFragmentNumber(number));
  const time = text(query, "FragmentTime") ?? "";
  if (!/^\d{1,16}$/.test(time))
    throw new Fault("request.bad", "FragmentNumber or FragmentTime is missing");
  return fragmentFrom(service.walk(stream), Number(time));
}

function rendition({ session }: SessionRequest, req: Request) {
  return renditionOf(session, text(req.query, "TrackNumber"));
}

/** KVS's page says 403 for a token that is wrong or too old. */
function refusal(fault: Fault): KvsError {
  if (!fault.code.startsWith("auth.")) return kvsError(fault);
  return { status: 403, type: "NotAuthorizedException", message: fault.message };
}
