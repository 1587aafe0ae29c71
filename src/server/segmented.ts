/** Segmented playback as a part of a server: HLS and DASH routes share it. */
import type { FastifyInstance } from "fastify";
import { trackSetId } from "../archive/track-sets.ts";
import { SegmentService } from "../play/hls/service.ts";
import type { Parts } from "./parts.ts";

/** Ends with the server. */
export function segmentedOf(app: FastifyInstance, parts: Parts): SegmentService {
  const { reader, hub, clock, nodes } = parts;
  const watch = (stream: string) => nodes?.watch(stream) ?? (() => {});
  const service = new SegmentService({ reader, hub, clock, trackSetId, watch });
  app.addHook("onClose", async () => service.close());
  return service;
}
