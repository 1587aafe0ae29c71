/** Reading by time: fragments, coverage, clips. The work is in `src/play`; here are the routes. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import { keyFrameRecord } from "../../fragment/key-frames.ts";
import { sendClip } from "../../play/clip/http.ts";
import { planClip } from "../../play/clip/plan.ts";
import { coverage } from "../../play/coverage.ts";
import { listFragments } from "../../play/fragments.ts";
import { keyFrames } from "../../play/key-frames.ts";
import type { Parts } from "../parts.ts";
import {
  CLIP,
  COVERAGE,
  clipQuery,
  coverageQuery,
  FRAGMENTS,
  fragmentsQuery,
  KEY_FRAMES,
  keyFramesQuery,
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
    coverage({
      ...{ reader: parts.reader, stream: req.params.name, ...coverageQuery(req.query) },
      openUntilMs: await openUntilMs(parts, req.params.name),
    }),
  );
  const keys = { config: { query: KEY_FRAMES } };
  app.get("/v1/streams/:name/keyframes", keys, async (req: MediaRequest, reply) => {
    reply.type("application/vnd.streambank.keyframes").header("cache-control", "private, no-cache");
    return reply.send(await keyFrameBody(req, parts));
  });
  for (const format of ["mkv", "mp4"] as const) {
    app.route({
      method: ["GET", "HEAD"],
      url: `/v1/streams/:name/clip.${format}`,
      config: { query: CLIP },
      handler: (req: MediaRequest, reply) => clip(req, reply, { parts, format }),
    });
  }
}

/** The first record is made before the answer begins: what is wrong has a status of its own. */
async function keyFrameBody(req: MediaRequest, { reader }: Parts): Promise<Readable> {
  const items = keyFrames({ reader, stream: req.params.name, ...keyFramesQuery(req.query) });
  const first = await items.next();
  async function* records() {
    for (let item = first; !item.done; item = await items.next()) yield* keyFrameRecord(item.value);
  }
  return Readable.from(records(), { objectMode: false });
}

/** With a producer here or on another node the newest media is only on its way. */
async function openUntilMs(
  { hub, nodes, clock }: Parts,
  stream: string,
): Promise<number | undefined> {
  if (hub.status(stream)?.live) return undefined;
  const elsewhere = await nodes?.placement.lookUp(stream);
  return elsewhere === undefined ? clock.now() : undefined;
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
