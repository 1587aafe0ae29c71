/** The parts of a running server, as routes get them. Made in `start.ts` and nowhere else. */
import type { Archive } from "../archive/archive.ts";
import type { Retention } from "../archive/retention/retention.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { FragmentReader } from "../fragment/fragment.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { LiveHub } from "../live/hub.ts";
import type { Access } from "./access/open-access.ts";
import type { Config } from "./config.ts";
import type { EventService } from "./events/service.ts";
import type { ConsumerGroups } from "./groups/consumer-groups.ts";
import type { ImageGenerator } from "./images/generator.ts";
import type { ImageService } from "./images/service.ts";
import type { StreamJobs } from "./jobs/stream-jobs.ts";
import type { MetricsRegistry } from "./metrics/registry.ts";
import type { Nodes } from "./nodes/nodes.ts";
import type { Pulls } from "./pull/pulls.ts";
import type { Readiness } from "./readiness.ts";
import type { StaticFiles } from "./static.ts";
import type { FfmpegLook } from "./status/ffmpeg-there.ts";
import type { History } from "./status/history.ts";
import type { Listening } from "./status/listening.ts";

/** What the routes of retention need. */
export interface RetentionParts {
  readonly retention: Retention;
}

export interface Parts extends RetentionParts, Access {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly archive: Archive;
  /** What can be read now: the archive, without packs on nodes that are not there. */
  readonly reader: FragmentReader;
  /** The same with the packs that nobody can read now: what is missing of them is said, not left out. */
  readonly leased: FragmentReader;
  readonly hub: LiveHub;
  readonly ingest: Ingest;
  readonly pulls: Pulls;
  readonly groups: ConsumerGroups;
  readonly events: EventService;
  readonly metrics: MetricsRegistry;
  readonly readiness: Readiness;
  readonly files: StaticFiles;
  readonly history: History;
  readonly listening: Listening;
  readonly ffmpeg: FfmpegLook;
  readonly images: ImageService;
  readonly imageJobs: ImageGenerator;
  readonly notifications: StreamJobs;
  /** Where there are several; undefined: this server is alone. */
  readonly nodes: Nodes | undefined;
}
