/** `/v1/sources` and `/v1/streams/:name/source`: cameras that the server pulls. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import { DEFAULT_QUALITY } from "../images/style.ts";
import type { Parts } from "../parts.ts";
import { readSourceFields } from "../pull/source-config.ts";
import type { SourceTestResult } from "../pull/source-test.ts";
import { audit } from "./caller.ts";
import { trackViews } from "./track-view.ts";

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

/** Of the picture of a test, pixels. */
const PICTURE_WIDTH = 480;

/** JPEG, base64. Undefined: it cannot be decoded, or not now; the camera works all the same. */
async function pictureOf(
  { images }: Pick<Parts, "images">,
  { track, frame }: NonNullable<Extract<SourceTestResult, { ok: true }>["first"]>,
): Promise<string | undefined> {
  const { timeUs: shownUs } = frame;
  const identity = `test ${randomUUID()}`;
  const source = { identity, decoder: identity, track, frames: [frame], shownUs, receivedUs: 0 };
  const style = { format: "jpeg", width: PICTURE_WIDTH, height: undefined } as const;
  const made = images.make([source], { ...style, quality: DEFAULT_QUALITY });
  const [bytes] = await made.catch(() => []);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("base64");
}

export function sourceRoutes(app: FastifyInstance, parts: Parts): void {
  const { archive, pulls } = parts;
  app.get("/v1/sources", async () => ({ sources: pulls.list() }));
  app.post("/v1/sources/test", { schema }, async (req) => {
    const { url, audio } = readSourceFields(req.body);
    const result = await pulls.test(url, audio);
    if (!result.ok) return result;
    const { first, ...rest } = result;
    const picture = first === undefined ? undefined : await pictureOf(parts, first);
    const shown = picture === undefined ? {} : { picture };
    return { ...rest, tracks: trackViews(result), ...shown };
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
