/** Reading by time: fragments, coverage, clips. The work is in `src/play`; here are the routes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import { sendClip } from "../../play/clip/http.ts";
import { planClip } from "../../play/clip/plan.ts";
import { coverage } from "../../play/coverage.ts";
import { listFragments } from "../../play/fragments.ts";
import type { Parts } from "../parts.ts";
import {
  CLIP,
  COVERAGE,
  clipQuery,
  coverageQuery,
  FRAGMENTS,
  fragmentsQuery,
  type RawQuery,
  type StreamParams,
} from "./query.ts";

type MediaRequest = FastifyRequest<{ Params: StreamParams; Querystring: RawQuery }>;

export function mediaRoutes(app: FastifyInstance, parts: Parts): void {
  const listed = { config: { query: FRAGMENTS } };
  app.get("/v1/streams/:name/fragments", listed, async (req: MediaRequest) =>
    listFragments({
      reader: parts.reader,
      stream: req.params.name,
      ...fragmentsQuery(req.query),
    }),
  );
  const covered = { config: { query: COVERAGE } };
  app.get("/v1/streams/:name/coverage", covered, async (req: MediaRequest) =>
    coverage({ reader: parts.reader, stream: req.params.name, ...coverageQuery(req.query) }),
  );
  for (const format of ["mkv", "mp4"] as const) {
    app.route({
      method: ["GET", "HEAD"],
      url: `/v1/streams/:name/clip.${format}`,
      config: { query: CLIP },
      handler: (req: MediaRequest, reply) => clip(req, reply, { parts, format }),
    });
  }
}

async function clip(
  req: MediaRequest,
  reply: FastifyReply,
  { parts, format }: { parts: Parts; format: "mkv" | "mp4" },
): Promise<void> {
  const { layout, ...what } = clipQuery(req.query);
  if (layout === "plain" && format !== "mp4")
    throw new Fault("request.bad", "layout=plain: of clip.mp4 alone");
  const plan = await planClip({
    reader: parts.reader,
    stream: req.params.name,
    format: layout === "plain" ? "plain-mp4" : format,
    ...what,
  });
  // What it is made of does not go while it is sent.
  const { firstUs: fromUs, lastUs: toUs } = plan;
  const lease = parts.retention.leases.takeRange({ stream: req.params.name, fromUs, toUs });
  try {
    reply.hijack();
    await sendClip(req.raw, reply.raw, plan);
  } finally {
    lease.release();
  }
}
