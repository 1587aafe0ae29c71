/**
 * The sources made by the API, kept in the data folder across a restart. A change is written beside the file, synced
 * and renamed: after a crash there is the old list or the new one. Readable by the owner alone, because of the passwords.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { storeFault } from "../../archive/files.ts";
import { Fault } from "../../base/errors.ts";
import { readSources, type SourceConfig } from "./source-config.ts";

const FILE = "sources.json";
const FORMAT = 1;
const OWNER_ONLY = 0o600;

/** Throws `source.bad-file` when it is damaged or of a later version, `store.*`. None when there is no file. */
export async function readSourcesFile(dataDir: string): Promise<readonly SourceConfig[]> {
  const path = join(dataDir, FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw storeFault(error, `reading ${FILE}`);
  }
  try {
    return parse(text);
  } catch (error) {
    // The parser's own message quotes the text, and there are passwords in it.
    const why = error instanceof Fault ? error.message : "it is not JSON";
    throw new Fault(
      "source.bad-file",
      `${path} cannot be used: ${why}; repair it, or move it away to start without its sources`,
    );
  }
}

function parse(text: string): readonly SourceConfig[] {
  const value = JSON.parse(text) as { format?: unknown; sources?: unknown } | null;
  if (value?.format !== FORMAT)
    throw new Fault("source.bad-file", "it is not a sources file of this version");
  return readSources(value.sources, "sources");
}

/** Resolves when the list survives a power cut. Throws `store.full`, `store.unavailable`. */
export async function writeSourcesFile(
  dataDir: string,
  sources: readonly SourceConfig[],
): Promise<void> {
  const path = join(dataDir, FILE);
  const entries = sources.map(({ stream, url, audio }) => [stream, { url, audio }]);
  const value = { format: FORMAT, sources: Object.fromEntries(entries) };
  try {
    // What a crash left might be readable by others.
    await rm(`${path}.new`, { force: true });
    const file = await open(`${path}.new`, "wx", OWNER_ONLY);
    try {
      await file.writeFile(`${JSON.stringify(value, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw storeFault(error, `writing ${FILE}`);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
