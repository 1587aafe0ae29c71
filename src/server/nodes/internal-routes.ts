/**
 * What nodes ask of each other: packs on this node's disk, and to let a stream go. Only signed requests, and answered from
 * what this node has itself: nothing is passed on, so requests cannot go round.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { identityOf } from "../../ingest/publishers.ts";
import type { NodeAuth } from "./node-auth.ts";

export interface InternalParts {
  readonly auth: NodeAuth;
  readonly clock: Clock;
  /** From this node's disk or the store, never from another node. Throws `store.*`. */
  readHere(packId: string, offset: number, size: number): Promise<Uint8Array>;
  /** Lets a stream go for this producer. False: somebody else is pushing. */
  letGo(stream: string, identity: string): Promise<boolean>;
}

/** Most bytes of one answer: more than the largest pack. */
const MAX_BYTES = 1 << 30;

export function internalRoutes(app: FastifyInstance, parts: InternalParts): void {
  const { auth, clock, readHere, letGo } = parts;
  const check = (req: FastifyRequest) => {
    const { method, url: path, headers } = req;
    const range = headers.range ?? "";
    auth.check({ method, path, range }, headers.authorization, clock.now());
  };
  app.get<{ Params: { "*": string } }>("/internal/packs/*", async (req, reply) => {
    check(req);
    const { offset, size } = wholeRange(req.headers.range);
    const bytes = await inBounds(() => readHere(req.params["*"], offset, size));
    reply.header("cache-control", "no-store").type("application/octet-stream");
    return reply.code(206).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
  app.post<{ Params: { name: string }; Querystring: LetGoQuery }>(
    "/internal/streams/:name/let-go",
    async (req, reply) => {
      check(req);
      const freed = await letGo(req.params.name, askedFor(req.query));
      return reply.code(freed ? 200 : 409).send({ freed });
    },
  );
}

interface LetGoQuery {
  readonly identity?: string;
  /** In place of it, of a node of the version before: where an RTMP encoder is. To go with the next version. */
  readonly address?: string;
}

/** The query of such a request, which nodes of the version before understand, too. */
export function letGoQuery(identity: string): string {
  const [, address] = /^rtmp from (.+)$/.exec(identity) ?? [];
  const query = new URLSearchParams({ identity, ...(address === undefined ? {} : { address }) });
  return `?${query}`;
}

function askedFor({ identity, address }: LetGoQuery): string {
  if (identity !== undefined) return identity;
  return address === undefined ? "" : identityOf("rtmp", undefined, address);
}

function wholeRange(header: string | undefined): { offset: number; size: number } {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header ?? "") ?? [];
  const [offset, last] = [Number(from), Number(to)];
  const size = last - offset + 1;
  if (!(size > 0) || size > MAX_BYTES)
    throw new Fault("request.bad-range", "one range of bytes, both ends given");
  return { offset, size };
}

/** To the asking node a pack that is too short is a range outside it. */
async function inBounds(read: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fault && error.code === "store.corrupt")
      throw new Fault("request.range-not-satisfiable", error.message, { cause: error });
    throw error;
  }
}
