/**
 * An index in PostgreSQL made anew beside the old one, in a schema of its own, and put in its place in one transaction: until
 * then the old one is whole, and afterwards it stays as the schema `streambank_old`.
 */
import postgres from "postgres";
import { Fault } from "../../base/errors.ts";
import type { FragmentIndex } from "../index/fragment-index.ts";
import { PostgresIndex } from "../index/postgres-index.ts";

const FRESH = "streambank_rebuilt";
const OLD = "streambank_old";

/** What is of the place, and has to go on: who records what at which epoch, and numbers that rise. */
const KEPT = ["leases", "nodes"] as const;

/** An empty index that nobody uses yet. What an earlier try left is removed. Throws `index.unavailable`. */
export async function openRebuilt(url: string): Promise<FragmentIndex> {
  await asAdmin(url, async (db) => {
    await db.unsafe(`DROP SCHEMA IF EXISTS ${FRESH} CASCADE`);
    await db.unsafe(`CREATE SCHEMA ${FRESH}`);
  });
  const fresh = new URL(url);
  fresh.searchParams.set("search_path", FRESH);
  return PostgresIndex.open(fresh.href);
}

/** Puts it in place. Call when nobody has either index open. Throws `index.unavailable`. */
export async function replaceWithRebuilt(url: string): Promise<void> {
  await asAdmin(url, (sql) =>
    sql.begin(async (db) => {
      const tablesOf = async (schema: string) => {
        const rows = await db.unsafe(
          `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')`,
          [schema],
        );
        return rows.map((row) => String(row.relname));
      };
      const [row] = await db.unsafe("SELECT current_schema() AS here");
      const here = String(row?.here ?? "public");
      const tables = await tablesOf(FRESH);
      const old = new Set(await tablesOf(here));
      for (const table of KEPT)
        if (old.has(table))
          await db.unsafe(
            `INSERT INTO ${FRESH}.${table} SELECT * FROM "${here}".${table} ON CONFLICT DO NOTHING`,
          );
      await db.unsafe(`DROP SCHEMA IF EXISTS ${OLD} CASCADE`);
      await db.unsafe(`CREATE SCHEMA ${OLD}`);
      for (const table of tables) {
        if (old.has(table)) await db.unsafe(`ALTER TABLE "${here}"."${table}" SET SCHEMA ${OLD}`);
        await db.unsafe(`ALTER TABLE ${FRESH}."${table}" SET SCHEMA "${here}"`);
      }
      await db.unsafe(`DROP SCHEMA ${FRESH} CASCADE`);
    }),
  );
}

async function asAdmin(
  url: string,
  run: (sql: ReturnType<typeof postgres>) => Promise<unknown>,
): Promise<void> {
  const plain = new URL(url);
  plain.searchParams.delete("sslmode");
  const mode = new URL(url).searchParams.get("sslmode") ?? "disable";
  const ssl = mode === "disable" ? false : (mode as "require" | "verify-full");
  const sql = postgres(plain.href, { max: 1, onnotice: () => {}, ssl });
  try {
    await run(sql);
  } catch (cause) {
    throw new Fault("index.unavailable", `index: ${(cause as Error).message}`, { cause });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
