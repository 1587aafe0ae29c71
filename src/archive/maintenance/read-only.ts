/** A data folder as it is: looked at, and not written to. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { Fault } from "../../base/errors.ts";
import { holdLock, LOCK_FILE } from "../identity.ts";
import type { FragmentIndex } from "../index/fragment-index.ts";
import { indexOver } from "../index/sql/operations.ts";
import { MIGRATIONS } from "../index/sqlite-schema.ts";
import { indexFault, SqliteStore } from "../index/sqlite-store.ts";

/**
 * Keeps servers out of the folder until the result is called, without writing into it. Throws `store.locked` while one is in
 * it, `store.unavailable` when there is no such folder.
 */
export function shareDataDir(dataDir: string): () => void {
  if (!existsSync(dataDir)) throw new Fault("store.unavailable", `there is no folder ${dataDir}`);
  // Without it no server has been in it.
  if (!existsSync(join(dataDir, LOCK_FILE))) return () => {};
  // A transaction that reads: the server's, which is exclusive, and this one keep each other out.
  return holdLock(dataDir, { readOnly: true }, "BEGIN; SELECT count(*) FROM sqlite_master");
}

/**
 * The embedded index, neither made nor migrated. `alone`: nobody else has it open, so that without a log of its own not
 * even SQLite's helper files are made. Throws `index.unavailable`, `config.bad` (of another version).
 */
export function openSqliteReadOnly(path: string, { alone }: { alone: boolean }): FragmentIndex {
  if (!existsSync(path))
    throw new Fault("index.unavailable", `${path} is not there; "streambank reindex" makes it`);
  const log = `${path}-wal`;
  const still = alone && !(existsSync(log) && statSync(log).size > 0);
  const name = still ? `${pathToFileURL(path).href}?immutable=1` : path;
  checkVersion(name);
  const store = new SqliteStore(name, { readOnly: true });
  return indexOver(
    async (method, args) => store.call(method, args),
    async () => store.close(),
  );
}

function checkVersion(name: string): void {
  let version: number;
  try {
    const db = new DatabaseSync(name, { readOnly: true });
    try {
      version = Number(db.prepare("PRAGMA user_version").all()[0]?.user_version ?? 0);
    } finally {
      db.close();
    }
  } catch (error) {
    throw indexFault(error);
  }
  if (version !== MIGRATIONS.length)
    throw new Fault(
      "config.bad",
      `the index has schema ${version}, not ${MIGRATIONS.length}: a start of the server, or --repair, brings it up to date`,
    );
}
