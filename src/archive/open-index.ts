/** The data folder's index, after checking that they belong together (P6). */
import { join } from "node:path";
import { Fault } from "../base/errors.ts";
import type { Files } from "./files.ts";
import { newIdentity, readIdentity, writeIdentity } from "./identity.ts";
import type { FragmentIndex } from "./index/fragment-index.ts";

export interface OpenIndexOptions {
  readonly dataDir: string;
  readonly files: Files;
  /** Where an embedded index is. */
  readonly sharedDir: string;
  readonly node: string;
  readonly shared: boolean;
  open(path: string): Promise<FragmentIndex>;
}

/** Throws `config.bad`, `index.unavailable`. */
export async function openIndex(options: OpenIndexOptions): Promise<FragmentIndex> {
  const { dataDir, sharedDir } = options;
  const index = await options.open(join(sharedDir, "index.sqlite"));
  try {
    const onDisk = readIdentity(dataDir);
    const known = await index.meta("uuid", newIdentity());
    if (onDisk === undefined && (await isMissed(index, options)))
      throw new Fault(
        "config.bad",
        `${dataDir} has an index but no identity file: is the disk mounted?`,
      );
    if (onDisk !== undefined && onDisk !== known) throw await mismatch(index, dataDir);
    if (onDisk === undefined) await writeIdentity(options.files, dataDir, known);
    return index;
  } catch (error) {
    await index.close();
    throw error;
  }
}

/** Whether the index expects something in a folder that has no identity file. */
async function isMissed(
  index: FragmentIndex,
  { node, shared }: OpenIndexOptions,
): Promise<boolean> {
  if (!shared) return (await index.streams()).length > 0;
  const [open, sent] = await Promise.all([index.openPacks(node), index.unarchived(node, 1)]);
  return open.length > 0 || sent.length > 0;
}

async function mismatch(index: FragmentIndex, dataDir: string): Promise<Fault> {
  const empty = (await index.streams()).length === 0;
  const why = empty
    ? `the index of ${dataDir} is empty or new, and its packs are not: was it lost? "streambank reindex" makes it anew from the packs`
    : `${dataDir}: the identity file and the index belong to different folders`;
  return new Fault("config.bad", why);
}
