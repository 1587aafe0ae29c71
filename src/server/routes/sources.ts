/** `/v1/sources` and `/v1/streams/:name/source`: cameras that the server pulls. */
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import type { Parts } from "../parts.ts";
import { readSourceFields } from "../pull/source-config.ts";
import { audit } from "./caller.ts";
import { trackView } from "./track-view.ts";

interface ByName {
  readonly Params: { readonly name: string };
}

const BY_NAME = "/v1/streams/:name/source";

/** What an address may be, its reader says: `source.bad-address`, without repeating it. */
const schema = {
  body: {
    type: "object",
    required: ["url"],
    additionalProperties: false,
    properties: {
      url: { type: "string", description: "rtsp:// or rtsps://" },
      audio: { type: "boolean", default: true },
    },
  },
} as const;

export function sourceRoutes(app: FastifyInstance, parts: Parts): void {
  const { archive, pulls } = parts;
  app.get("/v1/sources", async () => ({ sources: pulls.list() }));
  app.post("/v1/sources/test", { schema }, async (req) => {
    const { url, audio } = readSourceFields(req.body);
    const result = await pulls.test(url, audio);
    return result.ok ? { ...result, tracks: result.tracks.map(trackView) } : result;
  });
  app.get<ByName>(BY_NAME, async (req) => {
    const { name } = await archive.get(req.params.name);
    const found = pulls.find(name);
    if (found === undefined)
      throw new Fault("source.not-found", `the stream ${name} has no source`);
    return found;
  });
  app.put<ByName>(BY_NAME, { schema }, async (req, reply) => {
    const source = { stream: req.params.name, ...readSourceFields(req.body) };
    const { view, isNew } = await pulls.put(source);
    // The address as it is shown: without its password.
    const { stream } = source;
    await audit(parts, req, { action: "source-set", stream, detail: view.address });
    return reply.code(isNew ? 201 : 200).send(view);
  });
  app.delete<ByName>(BY_NAME, async (req, reply) => {
    await archive.get(req.params.name);
    await pulls.delete(req.params.name);
    await audit(parts, req, { action: "source-removed", stream: req.params.name });
    return reply.code(204).send();
  });
}
