/**
 * The data folder's identity (P6): a file with a uuid that the index knows too. A missing mount or a
 * swapped disk is refused, not filled. And its lock: one server per folder, freed by the kernel when the
 * process dies.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "../base/errors.ts";
import { type Files, storeFault } from "./files.ts";
import { replaceFile } from "./small-file.ts";

const FORMAT = 1;
const FILE = "streambank.json";

/** Makes the folder when it is not there. Throws `store.unavailable`, `store.full`. */
export function makeDataDir(dataDir: string, sharedDir = dataDir): void {
  try {
    for (const folder of ["active", "spool"]) mkdirSync(join(dataDir, folder), { recursive: true });
    mkdirSync(join(sharedDir, "packs"), { recursive: true });
  } catch (cause) {
    const { message } = storeFault(cause, "").cause as Error;
    throw new Fault("store.unavailable", `the data folder ${dataDir} cannot be used: ${message}`, {
      cause,
    });
  }
}

/** Of a data folder: what holds it locks this file. */
export const LOCK_FILE = "lock.sqlite";

/** Holds the folder for this process until the result is called. Throws `store.locked`, `store.unavailable`. */
export function lockDataDir(dataDir: string): () => void {
  // A held transaction of SQLite is a lock of the operating system: it dies with the process.
  return holdLock(dataDir, {}, "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
}

/** Opens the lock file and begins a transaction, which the result ends. Throws `store.locked`, `store.unavailable`. */
export function holdLock(
  dataDir: string,
  options: { readonly readOnly?: boolean },
  begin: string,
): () => void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(join(dataDir, LOCK_FILE), options);
    db.exec(begin);
    const held = db;
    return () => held.close();
  } catch (cause) {
    db?.close();
    const { message } = cause as Error;
    if (/locked|busy/i.test(message))
      throw new Fault("store.locked", `another server uses the data folder ${dataDir}`, { cause });
    throw new Fault("store.unavailable", `the data folder ${dataDir} cannot be used: ${message}`, {
      cause,
    });
  }
}

/** The folder's uuid, or undefined when there is no identity file yet. Throws `config.bad`. */
export function readIdentity(dataDir: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDir, FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw storeFault(error, `reading ${FILE}`);
  }
  const uuid = parseIdentity(text);
  if (uuid !== undefined) return uuid;
  throw new Fault("config.bad", `${join(dataDir, FILE)} is not an identity file of this version`);
}

/** What the file says, or undefined when that is nothing of this version. */
export function parseIdentity(text: string): string | undefined {
  try {
    const { format, uuid } = JSON.parse(text) as { format: number; uuid: string };
    if (format === FORMAT && typeof uuid === "string") return uuid;
  } catch {}
  return undefined;
}

export function identityText(uuid: string): string {
  return `${JSON.stringify({ format: FORMAT, uuid })}\n`;
}

export function identityPath(dataDir: string): string {
  return join(dataDir, FILE);
}

/** Durable when it resolves. Throws `store.*`: then there is none, and the next start makes it. */
export function writeIdentity(files: Files, dataDir: string, uuid: string): Promise<void> {
  return replaceFile(files, identityPath(dataDir), identityText(uuid));
}

export function newIdentity(): string {
  return randomUUID();
}
