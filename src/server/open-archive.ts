/** The archive that the settings ask for: its index, its store, and what it is told where there are several nodes. */
import { Archive } from "../archive/archive.ts";
import type { EventSource } from "../archive/events.ts";
import { nodeFiles } from "../archive/files.ts";
import { makeDataDir } from "../archive/identity.ts";
import type { FragmentIndex } from "../archive/index/fragment-index.ts";
import { openStore } from "../archive/store/open-store.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Meters } from "../base/meters.ts";
import type { Config } from "./config.ts";
import type { Nodes } from "./nodes/nodes.ts";
import { setUpNode } from "./nodes/set-up.ts";
import { storeSettings } from "./store-settings.ts";

export interface OpenedArchive {
  readonly archive: Archive;
  /** Undefined: this server is alone. */
  readonly nodes: Nodes | undefined;
}

interface Common {
  readonly clock: Clock;
  readonly log: Logger;
  readonly meters: Meters;
  readonly events: EventSource;
}

/** Throws `config.bad`, `store.*`, `index.unavailable`. */
export async function openArchive(config: Config, common: Common): Promise<OpenedArchive> {
  const { clock, log } = common;
  const { dataDir, sharedDir = dataDir, spoolMaxGb, localCacheGb } = config;
  const setUp = setUpNode(config, clock, log);
  makeDataDir(dataDir, sharedDir);
  const settings = storeSettings(config);
  const { store, eraseKey, claim } = await openStore(settings, {
    dataDir: sharedDir,
    files: nodeFiles,
    log,
  });
  try {
    const archive = await Archive.open({
      ...{ dataDir, store, eraseKey, ...common, ...setUp?.archive },
      ...indexOptions(config),
      claimStore: claim && ((uuid) => claim(uuid, dataDir)),
      cacheBytes: localCacheGb * 1e9,
      space: { maxSpoolBytes: spoolMaxGb * 1e9 },
    });
    return { archive, nodes: setUp?.nodes() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** PostgreSQL where there is an address of it; its client is loaded only then. */
export function indexOptions({ indexUrl }: Pick<Config, "indexUrl">) {
  if (indexUrl === undefined) return {};
  const openIndex = async (): Promise<FragmentIndex> => {
    const { PostgresIndex } = await import("../archive/index/postgres-index.ts");
    return PostgresIndex.open(indexUrl);
  };
  return { openIndex, sharedIndex: true };
}
