/** `streambank reindex`: a new index beside the old one, from the packs, put in its place when it is whole. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { nodeFiles } from "../../archive/files.ts";
import { newIdentity, readIdentity, writeIdentity } from "../../archive/identity.ts";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import { SqliteIndex } from "../../archive/index/sqlite-index.ts";
import { carryOver } from "../../archive/maintenance/carry-over.ts";
import { type ReindexResult, reindex as rebuild } from "../../archive/maintenance/reindex.ts";
import { asFault, Fault } from "../../base/errors.ts";
import type { Config } from "../config.ts";
import { readArgs } from "./args.ts";
import { type CliContext, type Command, write } from "./context.ts";
import { type Folder, indexPath, localFolders, openIndex, withFolder } from "./maintenance.ts";
import { settingFlags } from "./server-settings.ts";

/** Another node that was heard of so short ago is running. */
const ALIVE_MS = 60_000;

/** Exit code 1 when packs could not be taken. */
export const reindex: Command = async (argv, context) => {
  const args = readArgs(argv, settingFlags, { most: 0 });
  return withFolder({ args, context }, async (folder) => {
    const result = await anew(folder, context);
    for (const { name, why, problem } of result.refused)
      context.stderr.write(`not taken, ${problem}: ${name}: ${why}\n`);
    const { packs, bytes, streams } = result;
    await write(context.stdout, `${packs} packs, ${bytes} bytes, ${streams} streams made anew\n`);
    return result.refused.some(({ problem }) => problem !== "foreign") ? 1 : 0;
  });
};

async function anew(folder: Folder, context: CliContext): Promise<ReindexResult> {
  const { config, store } = folder;
  const { dataDir, node = "" } = config;
  const old = await oldIndex(config, context);
  let result: ReindexResult;
  let replace: () => Promise<void>;
  try {
    if (old !== undefined) await checkAlone(old, node);
    const fresh = await freshIndex(config);
    replace = fresh.replace;
    const { index } = fresh;
    try {
      const onDisk = readIdentity(dataDir);
      // Where the folder is lost or new, it becomes that of the archive in the store.
      const identity = onDisk ?? (await folder.identity()) ?? newIdentity();
      if (config.indexUrl !== undefined && old !== undefined) await checkOurs(old, identity);
      await index.meta("uuid", identity);
      if (onDisk === undefined) await writeIdentity(nodeFiles, dataDir, identity);
      if (old !== undefined) await takeOver(old, index, node, context);
      const parts = { index, store, files: nodeFiles, node, ...localFolders(dataDir) };
      result = await rebuild({ ...parts, clock: context.clock });
    } finally {
      await index.close();
    }
  } finally {
    await old?.close();
  }
  await replace();
  return result;
}

/** A start that was refused has left an empty one; any other that is not this folder's is somebody's. Throws `config.bad`. */
async function checkOurs(old: FragmentIndex, identity: string): Promise<void> {
  if ((await old.meta("uuid", identity)) === identity) return;
  if ((await old.streams()).length > 0)
    throw new Fault("config.bad", "this index belongs to another data folder");
}

/** Throws `store.locked` while another node runs: it would go on with the old index. */
async function checkAlone(old: FragmentIndex, node: string): Promise<void> {
  const now = await old.now();
  const other = (await old.nodes()).find(
    ({ id, seenMs }) => id !== node && seenMs > now - ALIVE_MS,
  );
  if (other !== undefined)
    throw new Fault("store.locked", `node ${other.id} runs, or ran less than a minute ago`);
}

async function takeOver(
  old: FragmentIndex,
  index: FragmentIndex,
  node: string,
  { stderr }: CliContext,
): Promise<void> {
  try {
    await carryOver(old, index, node);
  } catch (error) {
    const { message } = asFault(error);
    stderr.write(`not all of the old index could be taken over: ${message}\n`);
  }
}

async function oldIndex(config: Config, context: CliContext): Promise<FragmentIndex | undefined> {
  if (config.indexUrl === undefined && !existsSync(indexPath(config))) return undefined;
  try {
    return await openIndex(config);
  } catch (error) {
    // A database that does not answer is no index that is lost.
    if (config.indexUrl !== undefined) throw error;
    context.stderr.write(`the old index cannot be read: ${asFault(error).message}\n`);
    return undefined;
  }
}

async function freshIndex(config: Config) {
  const { indexUrl } = config;
  if (indexUrl !== undefined) {
    const { openRebuilt, replaceWithRebuilt } = await import(
      "../../archive/maintenance/postgres-rebuild.ts"
    );
    const replace = () => replaceWithRebuilt(indexUrl);
    return { index: await openRebuilt(indexUrl), replace };
  }
  const path = indexPath(config);
  const fresh = join(dirname(path), "index.rebuilt.sqlite");
  removeIndex(fresh);
  const replace = async () => replaceIndex(path, fresh);
  return { index: await SqliteIndex.open(fresh), replace };
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
