/** Pictures of a stream: one at a time, some at equal distances, a sheet of small ones. docs/reference/images.md. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { imagePage, PAGE_PICTURES } from "../images/image-page.ts";
import { imageTag, tagOf } from "../images/service.ts";
import { mimeOf, type PictureStyle } from "../images/style.ts";
import { type Sheet, type ThumbnailOptions, thumbnails } from "../images/thumbnails.ts";
import type { Parts } from "../parts.ts";
import {
  IMAGE,
  IMAGES,
  imageQuery,
  imagesQuery,
  THUMBNAILS,
  thumbnailsQuery,
} from "./image-query.ts";
import type { RawQuery, StreamParams } from "./query.ts";

type ImageRequest = FastifyRequest<{ Params: StreamParams; Querystring: RawQuery }>;

/** What is stored may still be joined by what is late: ask again, with the tag, before using a copy. */
const CACHE_CONTROL = "private, no-cache";
const access = "read";

export function imageRoutes(app: FastifyInstance, parts: Parts): void {
  for (const [name, format] of [
    ["jpg", "jpeg"],
    ["png", "png"],
  ] as const)
    app.get(
      `/v1/streams/:name/image.${name}`,
      { config: { access, query: IMAGE } },
      (req: ImageRequest, reply) => image(req, reply, { parts, format }),
    );
  app.get(
    "/v1/streams/:name/images",
    { config: { access, query: IMAGES } },
    (req: ImageRequest, reply) => images(req, reply, parts),
  );
  const sheets = { config: { access, query: THUMBNAILS } } as const;
  app.get("/v1/streams/:name/thumbnails", sheets, async (req: ImageRequest, reply) => {
    const { sheet, etag } = await sheetOf(req, reply, parts);
    if (same(req, reply, etag)) return reply.code(304).send();
    return reply.send(sheetMap(req, sheet));
  });
  app.get("/v1/streams/:name/thumbnails.jpg", sheets, async (req: ImageRequest, reply) => {
    const { sheet, etag } = await sheetOf(req, reply, parts);
    if (same(req, reply, etag)) return reply.code(304).send();
    return reply.type("image/jpeg").send(Buffer.from(sheet.jpeg));
  });
}

async function image(
  req: ImageRequest,
  reply: FastifyReply,
  { parts, format }: { parts: Parts; format: PictureStyle["format"] },
): Promise<FastifyReply> {
  const { name } = req.params;
  const { clock, at, precision, style } = imageQuery(req.query, format);
  const found = await parts.images.find(name, { clock, at }, precision);
  if (found.kind === "no-media")
    throw new Fault("request.no-media", `nothing was recorded at this time of ${name}`);
  if (found.kind === "undecodable") throw new Fault("codec.bad-payload", found.why);
  const { source } = found;
  reply
    .header("x-streambank-time", isoTime(Math.floor(source.shownUs / 1000)))
    .header("x-streambank-received", isoTime(Math.floor(source.receivedUs / 1000)));
  if (same(req, reply, `"${imageTag(source, style)}"`)) return reply.code(304).send();
  const [bytes] = await parts.images.make([source], style, goneSignal(reply));
  if (bytes === undefined)
    throw new Fault("codec.bad-payload", "the picture cannot be decoded: its media is damaged");
  return reply.type(mimeOf(style)).send(Buffer.from(bytes));
}

async function images(req: ImageRequest, reply: FastifyReply, parts: Parts): Promise<object> {
  const { style, ...query } = imagesQuery(req.query);
  const { name: stream } = req.params;
  const signal = goneSignal(reply);
  const page = await imagePage(parts.images, {
    ...{ stream, style, signal, count: PAGE_PICTURES },
    ...query,
  });
  return {
    images: page.pictures.map(({ timeMs, shownUs, image: bytes, error }) => ({
      ...{ timeMs, time: isoTime(timeMs), error },
      ...(bytes === undefined || shownUs === undefined
        ? {}
        : {
            shownMs: Math.floor(shownUs / 1000),
            contentType: mimeOf(style),
            content: Buffer.from(bytes).toString("base64"),
          }),
    })),
    token: page.token,
  };
}

async function sheetOf(
  req: ImageRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<{ sheet: Sheet; etag: string }> {
  const query = thumbnailsQuery(req.query);
  const options: ThumbnailOptions = {
    stream: req.params.name,
    ...query,
    signal: goneSignal(reply),
  };
  const sheet = await thumbnails(parts.images, options);
  return { sheet, etag: `"${tagOf([sheet.tag, JSON.stringify(sheet.tiles)])}"` };
}

function sheetMap(req: ImageRequest, sheet: Sheet): object {
  const { tileWidth, tileHeight, columns, rows, tiles } = sheet;
  const query = req.url.split("?")[1] ?? "";
  // Relative to this answer's own address; a token in it goes along.
  return { url: `thumbnails.jpg?${query}`, tileWidth, tileHeight, columns, rows, tiles };
}

/** Sets the headers of a copy that can be kept; true when the client has this one. */
function same(req: ImageRequest, reply: FastifyReply, etag: string): boolean {
  reply.header("etag", etag).header("cache-control", CACHE_CONTROL);
  const known = req.headers["if-none-match"]
    ?.split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""));
  return known !== undefined && (known.includes(etag) || known.includes("*"));
}

/** Nothing is decoded for a client that has gone. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}
