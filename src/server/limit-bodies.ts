/** A deadline for bodies that are read whole. Media has none: it is read as it comes, and its sessions end by themselves when nothing does. */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";
import { errorBody } from "./error-reply.ts";
import { httpStatus } from "./http-status.ts";

/** 1 MiB, the largest, comes in this time over 35 kB/s. */
export const BODY_MS = 30_000;
/** Bodies that are media. */
const MEDIA: ReadonlySet<string> = new Set(["/putMedia"]);

/** Before any route is added. */
export function limitBodies(app: FastifyInstance, clock: Clock): void {
  app.addHook("onRequest", async (req, reply) => {
    const { raw } = req;
    const { "content-length": length = "0", "transfer-encoding": coding } = raw.headers;
    if ((length === "0" && coding === undefined) || MEDIA.has(req.routeOptions.url ?? "")) return;
    const cancel = clock.after(BODY_MS, () => refuse(reply));
    raw.once("end", cancel);
    raw.once("close", cancel);
  });
}

/** The connection goes: what is left of the body would be taken for the next request. */
function refuse({ raw }: FastifyReply): void {
  const fault = new Fault("request.too-slow", `the body did not come within ${BODY_MS / 1000} s`);
  const gone = () => {
    raw.req.destroy();
  };
  if (raw.headersSent) {
    gone();
    return;
  }
  const body = JSON.stringify(errorBody(fault));
  raw.writeHead(httpStatus(fault.code), {
    ...{ "content-type": "application/json; charset=utf-8", connection: "close" },
    "content-length": Buffer.byteLength(body),
  });
  raw.end(body, gone);
}
