/** What is kept and what goes: dry run, holds, deleting a range, the audit, gaps, the sweeper's state. */
import type { FastifyInstance } from "fastify";
import type { AuditRow, HoldRow } from "../../archive/index/index-ledger.ts";
import type { Preview } from "../../archive/retention/dry-run.ts";
import type { FragmentReader, StreamCatalogue } from "../../fragment/fragment.ts";
import { parseTime, timeRange } from "../../play/time.ts";
import type { RetentionParts } from "../parts.ts";
import {
  AUDIT,
  auditQuery,
  GAPS,
  gapsQuery,
  HOLDS,
  holdsQuery,
  type RawQuery,
  type StreamParams,
  WHO,
  whoQuery,
} from "./query.ts";

/** Who does it, when nobody is named. */
export const NOBODY = "api";

const who = { type: "string", minLength: 1, maxLength: 128 } as const;
/** ISO 8601 or ms since the Unix epoch. */
const time = { type: ["string", "integer"] } as const;

type Time = string | number;

interface Change {
  readonly retentionHours?: number;
  readonly retentionBytes?: number;
}

export const change = {
  retentionHours: { type: "integer", minimum: 0, maximum: 87_600 },
  retentionBytes: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
} as const;

const previewSchema = {
  body: { type: "object", additionalProperties: false, properties: change },
} as const;

interface HoldBody {
  readonly from: Time;
  readonly to: Time;
  readonly why: string;
  readonly who: string;
  readonly until?: Time;
}

const holdSchema = {
  body: {
    type: "object",
    required: ["from", "to", "why", "who"],
    additionalProperties: false,
    properties: {
      ...{ from: time, to: time, who, until: time },
      why: { type: "string", minLength: 1, maxLength: 500 },
    },
  },
} as const;

interface DeleteBody {
  readonly from: Time;
  readonly to: Time;
  readonly who?: string;
  readonly why?: string;
}

const deleteSchema = {
  body: {
    type: "object",
    required: ["from", "to"],
    additionalProperties: false,
    properties: { from: time, to: time, who, why: { type: "string", maxLength: 500 } },
  },
} as const;

const confirmSchema = {
  body: { type: "object", required: ["who"], additionalProperties: false, properties: { who } },
} as const;

/** What these routes need of the server. */
export interface RetentionRouteParts extends RetentionParts {
  readonly archive: Pick<FragmentReader, "gaps"> & Pick<StreamCatalogue, "get">;
}

export function retentionRoutes(app: FastifyInstance, parts: RetentionRouteParts): void {
  const { retention } = parts;
  type Named = { Params: StreamParams };
  app.post<Named & { Body: Change }>(
    "/v1/streams/:name/retention/preview",
    { schema: previewSchema },
    async (req) => previewView(await retention.preview(req.params.name, req.body)),
  );
  app.post<Named & { Body: DeleteBody }>(
    "/v1/streams/:name/delete-range",
    { schema: deleteSchema },
    async (req) => {
      const { from, to, who = NOBODY, why } = req.body;
      const range = timeRange(timeOf(from), timeOf(to));
      const detail = why === undefined ? {} : { why };
      return retention.deleteRange({ stream: req.params.name, range, who, ...detail });
    },
  );
  app.get("/v1/retention", async () => retention.state());
  app.post<{ Body: { who: string } }>(
    "/v1/retention/confirm-clock",
    { schema: confirmSchema },
    async (req) => {
      await retention.confirmClock(req.body.who);
      return retention.state();
    },
  );
  app.get<{ Querystring: RawQuery }>("/v1/audit", { config: { query: AUDIT } }, async (req) => {
    const asked = auditQuery(req.query);
    const audit = await retention.audit(asked);
    const next = audit.length === asked.limit ? { next: audit.at(-1)?.id } : {};
    return { audit: audit.map(auditView), ...next };
  });
  app.get<Named & { Querystring: RawQuery }>(
    "/v1/streams/:name/gaps",
    { config: { query: GAPS } },
    async (req) => {
      const { range, limit } = gapsQuery(req.query);
      const { name } = await parts.archive.get(req.params.name);
      const gaps = await parts.archive.gaps(name, range, limit);
      return {
        gaps: gaps.map(({ startUs, endUs, cause, detail, recordedMs }) => ({
          ...{
            from: Math.floor(startUs / 1000),
            to: Math.ceil(endUs / 1000),
            cause,
            detail,
            recordedMs,
          },
        })),
        more: gaps.length === limit,
      };
    },
  );
  holdRoutes(app, parts);
}

function holdRoutes(app: FastifyInstance, { retention, archive }: RetentionRouteParts): void {
  type Named = { Params: StreamParams };
  app.get<{ Querystring: RawQuery }>("/v1/holds", { config: { query: HOLDS } }, async (req) => {
    const holds = await retention.holds.list(undefined, holdsQuery(req.query));
    return { holds: holds.map(holdView) };
  });
  app.get<Named & { Querystring: RawQuery }>(
    "/v1/streams/:name/holds",
    { config: { query: HOLDS } },
    async (req) => {
      const { name } = await archive.get(req.params.name);
      const holds = await retention.holds.list(name, holdsQuery(req.query));
      return { holds: holds.map(holdView) };
    },
  );
  app.post<Named & { Body: HoldBody }>(
    "/v1/streams/:name/holds",
    { schema: holdSchema },
    async (req, reply) => {
      const { from, to, until, who, why } = req.body;
      const { fromMs, toMs } = timeRange(timeOf(from), timeOf(to));
      const ends = until === undefined ? {} : { untilMs: timeOf(until) };
      const stream = req.params.name;
      const hold = await retention.holds.add({ stream, fromMs, toMs, who, why, ...ends });
      return reply.code(201).send(holdView(hold));
    },
  );
  type ById = { Params: { id: string }; Querystring: RawQuery };
  app.delete<ById>("/v1/holds/:id", { config: { query: WHO } }, async (req) => {
    const { who } = whoQuery(req.query);
    return holdView(await retention.holds.end(req.params.id, who ?? NOBODY));
  });
}

function timeOf(value: Time) {
  return parseTime(String(value));
}

/** Times are ms since the Unix epoch. */
export interface HoldView {
  readonly id: string;
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  readonly who: string;
  readonly why: string;
  readonly createdMs: number;
  /** Not in force from then on. */
  readonly untilMs?: number;
}

function holdView({ id, stream, fromMs, toMs, who, why, createdMs, untilMs }: HoldRow): HoldView {
  const until = untilMs === undefined ? {} : { untilMs };
  return { id, stream, from: fromMs, to: toMs, who, why, createdMs, ...until };
}

export type PreviewView = Omit<Preview, "startUs" | "endUs"> & {
  /** Producer's clock, ms since the Unix epoch. */
  readonly from?: number;
  readonly to?: number;
};

function previewView({ startUs, endUs, ...rest }: Preview): PreviewView {
  return { ...rest, ...spanMs(startUs, endUs) };
}

function auditView({ startUs, endUs, ...rest }: AuditRow) {
  return { ...rest, ...spanMs(startUs, endUs) };
}

function spanMs(startUs: number | undefined, endUs: number | undefined) {
  if (startUs === undefined || endUs === undefined) return {};
  return { from: Math.floor(startUs / 1000), to: Math.ceil(endUs / 1000) };
}
