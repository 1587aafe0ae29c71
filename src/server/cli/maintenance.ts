/** `streambank reindex`, `check`, `export`, `import`: on a data folder whose server does not run. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { nodeFiles } from "../../archive/files.ts";
import {
  lockDataDir,
  makeDataDir,
  newIdentity,
  readIdentity,
  writeIdentity,
} from "../../archive/identity.ts";
import { EXPORT_KINDS, type FragmentIndex } from "../../archive/index/fragment-index.ts";
import { SqliteIndex } from "../../archive/index/sqlite-index.ts";
import { checkArchive, type Finding } from "../../archive/maintenance/check.ts";
import { type ReindexResult, reindex as rebuild } from "../../archive/maintenance/reindex.ts";
import { exportIndex, importIndex } from "../../archive/maintenance/transfer.ts";
import type { ObjectStore } from "../../archive/store/object-store.ts";
import { openStore } from "../../archive/store/open-store.ts";
import { asFault, Fault } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Config } from "../config.ts";
import { indexOptions } from "../open-archive.ts";
import { storeSettings } from "../store-settings.ts";
import { type Args, readArgs } from "./args.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { openInput } from "./input.ts";
import { configOf, settingFlags } from "./server-settings.ts";

const INDEX = "index.sqlite";

export const reindex: Command = async (argv, context) => {
  const args = readArgs(argv, settingFlags, { most: 0 });
  return withFolder(args, context, async ({ config, store, identity }) => {
    const { dataDir, sharedDir = dataDir } = config;
    const path = join(sharedDir, INDEX);
    const fresh = join(sharedDir, "index.rebuilt.sqlite");
    const old = config.indexUrl === undefined ? await oldIndex(path, context) : undefined;
    if (config.indexUrl === undefined) removeIndex(fresh);
    const index = await openIndex(config, fresh);
    let result: ReindexResult;
    try {
      await claimIndex(index, dataDir, identity);
      if (old !== undefined) await carryOver(old, index, context);
      const folders = { activeDir: join(dataDir, "active"), spoolDir: join(dataDir, "spool") };
      const parts = { index, store, files: nodeFiles, node: config.node ?? "", ...folders };
      result = await rebuild({ ...parts, clock: context.clock });
    } finally {
      await old?.close();
      await index.close();
    }
    if (config.indexUrl === undefined) replaceIndex(path, fresh);
    for (const { name, why } of result.refused)
      context.stderr.write(`not taken: ${name}: ${why}\n`);
    const { packs, bytes, streams } = result;
    await write(context.stdout, `${packs} packs, ${bytes} bytes, ${streams} streams made anew\n`);
    return 0;
  });
};

/** What packs do not know: streams without packs, gaps, holds, the audit, webhooks. */
async function carryOver(
  old: FragmentIndex,
  index: FragmentIndex,
  { stderr }: CliContext,
): Promise<void> {
  const kinds = EXPORT_KINDS.filter((kind) => kind !== "packs" && kind !== "trackSets");
  try {
    const lines: string[] = [];
    for await (const line of exportIndex(old, kinds)) lines.push(line);
    await importIndex(index, lines);
  } catch (error) {
    const { message } = asFault(error);
    stderr.write(`of the old index nothing could be taken over: ${message}\n`);
  }
}

async function oldIndex(path: string, context: CliContext): Promise<FragmentIndex | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    return await SqliteIndex.open(path);
  } catch (error) {
    context.stderr.write(`the old index cannot be read: ${asFault(error).message}\n`);
    return undefined;
  }
}

const PARTS = ["", "-wal", "-shm"];

function removeIndex(path: string): void {
  for (const part of PARTS) rmSync(`${path}${part}`, { force: true });
}

/** The old one stays beside it, as the only one of its kind. */
function replaceIndex(path: string, fresh: string): void {
  removeIndex(`${path}.old`);
  for (const part of PARTS)
    if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${path}.old${part}`);
  for (const part of PARTS)
    if (existsSync(`${fresh}${part}`)) renameSync(`${fresh}${part}`, `${path}${part}`);
}

/** Exit code 1 when something is wrong that was not repaired. */
export const check: Command = async (argv, context) => {
  const own = { deep: { type: "boolean" }, repair: { type: "boolean" } } as const;
  const args = readArgs(argv, { ...settingFlags, ...own }, { most: 0 });
  return withFolder(args, context, async ({ config, store }) => {
    const { dataDir, sharedDir = dataDir, node = "" } = config;
    const index = await openIndex(config, join(sharedDir, INDEX));
    try {
      const [deep, repair] = [args.on("deep"), args.on("repair")];
      const found = (finding: Finding) => write(context.stdout, `${line(finding)}\n`);
      const { clock } = context;
      const result = await checkArchive({ index, store, node, clock, deep, repair, found });
      const { packs, bytes, problems, repaired } = result;
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

function line({ problem, name, why, repaired }: Finding): string {
  return `${problem}\t${name}\t${why}${repaired ? "\trepaired" : ""}`;
}

export const exportCommand: Command = async (argv, context) => {
  const args = readArgs(argv, settingFlags, { most: 0 });
  const config = configOf(args, context);
  return locked(config, async () => {
    const index = await openIndex(config, join(config.sharedDir ?? config.dataDir, INDEX));
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
    const { dataDir, sharedDir = dataDir } = config;
    const index = await openIndex(config, join(sharedDir, INDEX));
    try {
      const identity = readIdentity(dataDir);
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

interface Folder {
  readonly config: Config;
  readonly store: ObjectStore;
  /** The archive that a remote store has. */
  identity(): Promise<string | undefined>;
}

/**
 * The index becomes that of the data folder; of the archive in the store where the folder is lost or new, and the folder too.
 * Throws `config.bad`.
 */
async function claimIndex(
  index: FragmentIndex,
  dataDir: string,
  ofStore: Folder["identity"],
): Promise<void> {
  const onDisk = readIdentity(dataDir);
  const identity = onDisk ?? (await ofStore()) ?? newIdentity();
  if ((await index.meta("uuid", identity)) !== identity)
    throw new Fault("config.bad", "this index belongs to another data folder");
  if (onDisk === undefined) await writeIdentity(nodeFiles, dataDir, identity);
}

async function withFolder(
  args: Args,
  context: CliContext,
  run: (folder: Folder) => Promise<number>,
): Promise<number> {
  const config = configOf(args, context);
  return locked(config, async () => {
    const { dataDir, sharedDir = dataDir } = config;
    const settings = storeSettings(config);
    const parts = { dataDir: sharedDir, files: nodeFiles, log: silentLogger };
    const { store, direct, identity } = await openStore(settings, parts);
    try {
      return await run({ config, store: direct, identity });
    } finally {
      await store.close();
    }
  });
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

function openIndex(config: Config, path: string): Promise<FragmentIndex> {
  const { openIndex: open } = indexOptions(config);
  return open === undefined ? SqliteIndex.open(path) : open();
}
