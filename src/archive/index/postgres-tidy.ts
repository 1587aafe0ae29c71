/**
 * Indexes of archived packs, built anew when they have grown loose. A hundred cameras add to a hundred places of a B-tree by turns,
 * and PostgreSQL leaves its pages half full then: a third of the database would be air. Others go on meanwhile
 * (`REINDEX INDEX CONCURRENTLY`).
 */
import type postgres from "postgres";

export interface Looseness {
  /** Smaller indexes are left alone, bytes. */
  readonly minBytes: number;
  /** Bytes per entry. A dense one has 28 to 31. */
  readonly maxEntryBytes: number;
}

export const LOOSE: Looseness = { minBytes: 64 << 20, maxEntryBytes: 38 };

/** Any number, the same on all nodes: one of them does it. */
const TIDY_LOCK = 7_283_119_403;

interface IndexSize {
  readonly name: string;
  readonly bytes: number;
  readonly entries: number;
}

type Connection = Pick<postgres.Sql<{ bigint: number; bytea: Uint8Array }>, "unsafe">;

/** On a connection of its own, whose statements may take as long as they need. The names of what was built anew. */
export async function tidyIndexes(db: Connection, loose: Looseness): Promise<string[]> {
  const [lock] = await db.unsafe(`SELECT pg_try_advisory_lock(${TIDY_LOCK}) AS got`);
  if (lock?.got !== true) return [];
  try {
    await dropUnfinished(db);
    const rows = (await db.unsafe(
      `SELECT c.relname AS name, pg_relation_size(c.oid) AS bytes, c.reltuples::bigint AS entries
       FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
       WHERE i.indrelid = 'packs_archived'::regclass ORDER BY c.relname`,
    )) as unknown as IndexSize[];
    const due = rows.filter(
      ({ bytes, entries }) =>
        bytes >= loose.minBytes && bytes > loose.maxEntryBytes * Math.max(1, entries),
    );
    for (const { name } of due) await db.unsafe(`REINDEX INDEX CONCURRENTLY "${name}"`);
    return due.map(({ name }) => name);
  } finally {
    await db.unsafe(`SELECT pg_advisory_unlock(${TIDY_LOCK})`);
  }
}

/** What a server that was stopped in the middle has left: indexes that are kept up to date and never used. */
async function dropUnfinished(db: Connection): Promise<void> {
  const rows = await db.unsafe(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
     WHERE i.indrelid = 'packs_archived'::regclass AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'`,
  );
  for (const { name } of rows) await db.unsafe(`DROP INDEX CONCURRENTLY "${name}"`);
}
