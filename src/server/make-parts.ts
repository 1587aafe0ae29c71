/** Every part of a server, in the order in which they need each other. Opens no port. */
import { join } from "node:path";
import { spawnChild } from "../../producer-sdk/src/node/spawn.ts";
import { type EventSource, noEvents } from "../archive/events.ts";
import { ClockFile } from "../archive/retention/clock-file.ts";
import { leasedReader } from "../archive/retention/leased-reader.ts";
import { Retention } from "../archive/retention/retention.ts";
import type { Clock } from "../base/clock.ts";
import { limitedLogger } from "../base/limited-log.ts";
import type { Logger } from "../base/logger.ts";
import { Ingest } from "../ingest/ingest.ts";
import { LiveHub } from "../live/hub.ts";
import { openAccessParts } from "./access/open-access.ts";
import type { ScryptCost } from "./access/passwords.ts";
import { type Config, isLoopback } from "./config.ts";
import { type EventService, openEvents } from "./events/service.ts";
import { withTrouble } from "./events/trouble.ts";
import { ConsumerGroups } from "./groups/consumer-groups.ts";
import { openImageJobs } from "./images/open-jobs.ts";
import { ImageService } from "./images/service.ts";
import { notifier } from "./kvs/notifier.ts";
import { collectGauges } from "./metrics/collectors.ts";
import { MetricsRegistry } from "./metrics/registry.ts";
import { serverMeters } from "./metrics/server-meters.ts";
import { LeasedSink } from "./nodes/leased-sink.ts";
import { ReachableReader } from "./nodes/reachable-reader.ts";
import { type OpenedArchive, openArchive } from "./open-archive.ts";
import type { Parts } from "./parts.ts";
import { guardedSpawn } from "./pull/guarded-spawn.ts";
import { Pulls } from "./pull/pulls.ts";
import { SourcePolicy } from "./pull/source-policy.ts";
import { putParts } from "./put-parts.ts";
import { readinessOf } from "./ready-checks.ts";
import { StaticFiles } from "./static.ts";
import { FfmpegLook } from "./status/ffmpeg-there.ts";
import { History } from "./status/history.ts";
import { Listening } from "./status/listening.ts";

/** The lease of hooks needs a name; where there is one node, any will do. */
const ONE_NODE = "local";

interface PartOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly passwordCost: ScryptCost | undefined;
}

/** Throws `config.bad`, `store.*`, `index.unavailable`. */
export async function makeParts(
  config: Config,
  { clock, log: fullLog, passwordCost: cost }: PartOptions,
): Promise<Parts> {
  const metrics = new MetricsRegistry();
  const leftOut = (event: string) => metrics.add("logLinesLeftOut", 1, { event });
  const log = limitedLogger(fullLog, clock, { leftOut });
  const meters = serverMeters(metrics, { maxStreams: config.metricsStreams });
  const told = lateEvents();
  const listened = withTrouble({ log, meters, clock, tell: (event) => told.source.tell(event) });
  const opened = await openArchive(config, { clock, ...listened, events: told.source });
  try {
    const { index } = opened.archive;
    const allowPrivate = config.hooksAllowPrivate ?? isLoopback(config.host);
    const node = opened.nodes?.id ?? ONE_NODE;
    const events = await openEvents({ index, clock, log, meters, node, allowPrivate });
    told.set(events.source);
    const common = { config, clock, log, metrics, meters, events, cost, archiveLog: listened.log };
    return await assemble(common, opened);
  } catch (error) {
    await opened.archive.close();
    throw error;
  }
}

type Common = Pick<Parts, "config" | "clock" | "log" | "metrics"> & {
  readonly meters: ReturnType<typeof serverMeters>;
  readonly events: EventService;
  readonly cost: ScryptCost | undefined;
  /** What is said here of trouble is an event too. */
  readonly archiveLog: Logger;
};

async function assemble(common: Common, { archive, nodes }: OpenedArchive): Promise<Parts> {
  const { config, clock, log, metrics, events, cost } = common;
  const readiness = readinessOf({ config, clock, archive });
  const hub = new LiveHub({ clock });
  const sink = nodes === undefined ? archive : new LeasedSink(archive, nodes.leases);
  const history = historyOf({ clock, archive, hub, sessions: () => ingest.sessions });
  const meters = history.tapped(common.meters);
  const ingest = new Ingest({ sink, live: hub, clock, log, meters, watch: events.presence });
  nodes?.attach({ archive, ingest, hub });
  collectGauges(metrics, {
    ...{ clock, live: hub, readiness, eventsWaiting: () => events.waiting },
    unarchived: () => archive.uploads.state(),
    freeBytes: async () => archive.gate.state.freeBytes ?? 0,
  });
  const retention = await openRetention(common, archive);
  const leased = leasedReader(archive, retention.leases);
  const reader = nodes === undefined ? leased : new ReachableReader(leased, nodes.lostPacks);
  const images = new ImageService({ clock, reader, hub });
  const imageJobs = await openImageJobs({ ...common, reader, images, nodes }, archive);
  const notifications = notifier({
    ...{ clock, log, reader, index: archive.index, events: events.source, poster: events.poster },
    ...{ node: nodes?.id ?? ONE_NODE, streams: () => archive.list() },
  });
  const parts = {
    ...{ retention, reader, leased, images, imageJobs, notifications },
    ...{ config, clock, log, archive, hub, ingest, events, metrics, readiness, nodes, history },
    listening: new Listening(),
    ffmpeg: new FfmpegLook(clock, spawnChild),
    groups: new ConsumerGroups(archive.index, clock),
    ...(await openAccessParts(config, { index: archive.index, clock, cost })),
    files: new StaticFiles(join(import.meta.dirname, "../..")),
  };
  const { dataDir, sources, sourceNetworks } = config;
  const policy = new SourcePolicy(sourceNetworks);
  const spawn = guardedSpawn(policy, spawnChild);
  return {
    ...parts,
    pulls: await Pulls.open({ ...putParts(parts), dataDir, sources, policy, spawn }),
  };
}

/** What the console's charts are drawn from. */
function historyOf({
  clock,
  archive,
  hub,
  sessions,
}: Pick<Parts, "clock" | "archive" | "hub"> & { sessions(): number }): History {
  const age = (ms: number | undefined) => (ms === undefined ? 0 : Math.max(0, clock.now() - ms));
  return new History({
    clock,
    async look() {
      const { oldestMs } = await archive.uploads.state();
      const freeBytes = archive.gate.state.freeBytes ?? 0;
      const { viewers } = hub.totals();
      return { producers: sessions(), viewers, freeBytes, unarchivedMs: age(oldestMs) };
    },
    async storedBytes() {
      let sum = 0;
      for (const { name } of await archive.list()) sum += (await archive.extent(name))?.bytes ?? 0;
      return sum;
    },
  });
}

/** What it removes is told and counted. It begins when the server has started. */
function openRetention(common: Common, archive: OpenedArchive["archive"]): Promise<Retention> {
  const { config, clock, archiveLog: log, meters, events } = common;
  const { index, store } = archive;
  return Retention.open({
    ...{ index, store, clock, log },
    clockState: new ClockFile(join(config.dataDir, "clock.json")),
    local: { remove: (packIds) => archive.forget(packIds) },
    floorBytes: config.retentionFloorGb * 1e9,
    removed(media) {
      // Its event is in the transaction that removed it.
      events.source.written();
      meters.removed(media.cause, media.packs, media.bytes);
    },
  });
}

/** Told before anybody listens. */
const MOST_EARLY = 1000;

/** The archive is open before the outbox is, which needs its index. What it tells until then waits. */
function lateEvents(): { readonly source: EventSource; set(source: EventSource): void } {
  const early: Parameters<EventSource["tell"]>[0][] = [];
  let target: EventSource = {
    ...noEvents,
    tell: (event) => {
      if (early.length < MOST_EARLY) early.push(event);
    },
  };
  return {
    source: {
      forPersisted: (...args) => target.forPersisted(...args),
      written: () => target.written(),
      tell: (event) => target.tell(event),
    },
    set(source) {
      target = source;
      for (const event of early.splice(0)) source.tell(event);
    },
  };
}
