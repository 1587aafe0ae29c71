/** The parts of a running server, as routes get them. Made in `start.ts` and nowhere else. */
import type { Archive } from "../archive/archive.ts";
import type { Retention } from "../archive/retention/retention.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { PushAccess } from "../ingest/push-access.ts";
import type { LiveHub } from "../live/hub.ts";
import type { Config } from "./config.ts";
import type { Pulls } from "./pull/pulls.ts";
import type { StaticFiles } from "./static.ts";

/** What the routes of retention need. */
export interface RetentionParts {
  readonly retention: Retention;
}

export interface Parts extends RetentionParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly archive: Archive;
  readonly hub: LiveHub;
  readonly ingest: Ingest;
  readonly pulls: Pulls;
  readonly access: PushAccess;
  readonly files: StaticFiles;
}
