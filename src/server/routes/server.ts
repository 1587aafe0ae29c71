/** `/v1/server`: what a page has to know of this server to be of use, and how it did over the last hours. */
import { statfs } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { headOf } from "../access/enforce.ts";
import type { Parts } from "../parts.ts";
import type { FfmpegThere } from "../status/ffmpeg-there.ts";
import { SAMPLE_MS } from "../status/history.ts";
import { version } from "../version.ts";
import { type RawQuery, readQuery, time } from "./parameters.ts";

/** As the native API shows it. Times are ms since the Unix epoch. */
export interface ServerView {
  readonly version: string;
  readonly timeMs: number;
  readonly startedMs: number;
  readonly auth: "on" | "off";
  /** Pushes have to show a key: one of `/v1/keys`, or of the push key file. */
  readonly pushKey: boolean;
  readonly tls: boolean;
  /** Left out: this server takes none. */
  readonly rtmpPort?: number;
  readonly rtmpsPort?: number;
  readonly ffmpeg: FfmpegThere;
  readonly defaults: { readonly retentionHours: number; readonly createMissing: boolean };
  readonly store: "folder" | "s3";
  /** Of the data folder, for those who manage the server. */
  readonly disk?: {
    readonly freeBytes: number;
    readonly totalBytes: number;
    /** Recording stops with less than this free. */
    readonly stopBytes: number;
    /** The oldest media goes with less than this free; 0: never. */
    readonly floorBytes: number;
  };
}

const HISTORY = {
  since: time(undefined, "later than this; default: all there is"),
} as const;

export function serverRoutes(app: FastifyInstance, parts: Parts): void {
  const startedMs = parts.clock.now();
  app.get("/v1/server", async (req, reply) => {
    const principal = await parts.guard.identify(headOf(req));
    const disk = principal.may("manage", {}) ? { disk: await diskOf(parts) } : {};
    reply.header("cache-control", "no-store");
    return { ...(await view(parts, startedMs)), ...disk };
  });
  app.get<{ Querystring: RawQuery }>(
    "/v1/server/history",
    { config: { query: HISTORY } },
    async (req, reply) => {
      const { since } = readQuery(HISTORY, req.query);
      reply.header("cache-control", "no-store");
      return { everyMs: SAMPLE_MS, samples: parts.history.since(since ?? 0) };
    },
  );
}

async function view(parts: Parts, startedMs: number): Promise<ServerView> {
  const { config, clock, listening, ffmpeg } = parts;
  const { rtmp, rtmps } = listening.ports ?? { rtmp: undefined, rtmps: undefined };
  return {
    ...{ version: version(), timeMs: clock.now(), startedMs, auth: config.auth },
    pushKey: config.auth === "on" || config.pushKeyFile !== undefined,
    tls: config.tlsCert !== undefined,
    ...(rtmp === undefined ? {} : { rtmpPort: rtmp }),
    ...(rtmps === undefined ? {} : { rtmpsPort: rtmps }),
    ffmpeg: await ffmpeg.look(),
    defaults: {
      retentionHours: config.defaultRetentionHours,
      createMissing: config.createMissing,
    },
    store: config.store,
  };
}

async function diskOf({ config, archive }: Parts): Promise<NonNullable<ServerView["disk"]>> {
  const { bavail, blocks, bsize } = await statfs(config.dataDir);
  return {
    ...{ freeBytes: bavail * bsize, totalBytes: blocks * bsize },
    stopBytes: archive.gate.state.stopBytes,
    floorBytes: config.retentionFloorGb * 1e9,
  };
}
