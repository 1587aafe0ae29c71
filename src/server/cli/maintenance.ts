/** `streambank check`, `export`, `import`: on a data folder whose server does not run. `reindex` is beside it. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { nodeFiles } from "../../archive/files.ts";
import { lockDataDir, makeDataDir, readIdentity } from "../../archive/identity.ts";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import { SqliteIndex } from "../../archive/index/sqlite-index.ts";
import { checkArchive, type Finding } from "../../archive/maintenance/check.ts";
import { openSqliteReadOnly, shareDataDir } from "../../archive/maintenance/read-only.ts";
import { exportIndex, importIndex } from "../../archive/maintenance/transfer.ts";
import type { ObjectStore } from "../../archive/store/object-store.ts";
import { openStore } from "../../archive/store/open-store.ts";
import { Fault } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Config } from "../config.ts";
import { indexOptions } from "../open-archive.ts";
import { storeSettings } from "../store-settings.ts";
import { type Args, readArgs } from "./args.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { openInput } from "./input.ts";
import { configOf, settingFlags } from "./server-settings.ts";

/** Exit code 1 when something is wrong that was not repaired. */
export const check: Command = async (argv, context) => {
  const own = { deep: { type: "boolean" }, repair: { type: "boolean" } } as const;
  const args = readArgs(argv, { ...settingFlags, ...own }, { most: 0 });
  const [deep, repair] = [args.on("deep"), args.on("repair")];
  const readOnly = !repair;
  return withFolder({ args, context, readOnly }, async ({ config, store }) => {
    const { dataDir, node = "" } = config;
    const index = await (readOnly ? openAsIs(config) : openIndex(config));
    try {
      const found = (finding: Finding) => write(context.stdout, `${line(finding)}\n`);
      const { clock } = context;
      const local = { files: nodeFiles, ...localFolders(dataDir) };
      const parts = { index, store, node, clock, deep, repair, local, found };
      const { packs, bytes, problems, repaired } = await checkArchive(parts);
      await write(
        context.stdout,
        `${packs} packs, ${bytes} bytes: ${problems} problems, ${repaired} repaired\n`,
      );
      return problems > repaired ? 1 : 0;
    } finally {
      await index.close();
    }
  });
};

export function localFolders(dataDir: string) {
  return { activeDir: join(dataDir, "active"), spoolDir: join(dataDir, "spool") };
}

function line({ problem, name, why, repaired }: Finding): string {
  return `${problem}\t${name}\t${why}${repaired ? "\trepaired" : ""}`;
}

export const exportCommand: Command = async (argv, context) => {
  const args = readArgs(argv, settingFlags, { most: 0 });
  const config = configOf(args, context);
  return locked(config, async () => {
    const index = await openIndex(config);
    try {
      for await (const row of exportIndex(index)) await write(context.stdout, `${row}\n`);
      return 0;
    } finally {
      await index.close();
    }
  });
};

/** `import FILE|-`. */
export const importCommand: Command = async (argv, context) => {
  const args = readArgs(argv, settingFlags, { most: 1 });
  const [path = "-"] = args.rest;
  const config = configOf(args, context);
  return locked(config, async () => {
    const index = await openIndex(config);
    try {
      const identity = readIdentity(config.dataDir);
      if (identity !== undefined && (await index.meta("uuid", identity)) !== identity)
        throw new Fault("config.bad", "this index belongs to another data folder");
      const { Readable } = await import("node:stream");
      const input = Readable.from(openInput(path, context));
      const rows = await importIndex(index, createInterface({ input, crlfDelay: Infinity }));
      await write(context.stdout, `${rows} rows\n`);
      return 0;
    } finally {
      await index.close();
    }
  });
};

export interface Folder {
  readonly config: Config;
  readonly store: ObjectStore;
  /** The archive that a remote store has. */
  identity(): Promise<string | undefined>;
}

export interface FolderUse {
  readonly args: Args;
  readonly context: CliContext;
  /** Nothing is made and nothing is written. */
  readonly readOnly?: boolean;
}

export async function withFolder(
  { args, context, readOnly = false }: FolderUse,
  run: (folder: Folder) => Promise<number>,
): Promise<number> {
  const config = configOf(args, context);
  const opened = async () => {
    const { dataDir, sharedDir = dataDir } = config;
    const settings = storeSettings(config);
    const parts = { dataDir: sharedDir, files: nodeFiles, log: silentLogger, readOnly };
    const { store, direct, identity } = await openStore(settings, parts);
    try {
      return await run({ config, store: direct, identity });
    } finally {
      await store.close();
    }
  };
  if (!readOnly) return locked(config, opened);
  const free = shareDataDir(config.dataDir);
  try {
    return await opened();
  } finally {
    free();
  }
}

/** Throws `store.locked` while a server runs. */
async function locked(config: Config, run: () => Promise<number>): Promise<number> {
  const { dataDir, sharedDir = dataDir } = config;
  makeDataDir(dataDir, sharedDir);
  const unlock = lockDataDir(dataDir);
  try {
    return await run();
  } finally {
    unlock();
  }
}

export function indexPath({ dataDir, sharedDir = dataDir }: Config): string {
  return join(sharedDir, "index.sqlite");
}

export function openIndex(config: Config): Promise<FragmentIndex> {
  const { openIndex: open } = indexOptions(config);
  return open === undefined ? SqliteIndex.open(indexPath(config)) : open();
}

async function openAsIs(config: Config): Promise<FragmentIndex> {
  const { indexUrl, sharedDir } = config;
  if (indexUrl === undefined)
    return openSqliteReadOnly(indexPath(config), { alone: sharedDir === undefined });
  const { PostgresIndex } = await import("../../archive/index/postgres-index.ts");
  return PostgresIndex.open(indexUrl, { readOnly: true });
}
