/** The engines that the contract of the index is tested on. */
import { join } from "node:path";
import postgres from "postgres";
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { PostgresIndex } from "../../src/archive/index/postgres-index.ts";
import { SqliteIndex } from "../../src/archive/index/sqlite-index.ts";
import { openDirectIndex } from "../support/archives.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { tempDir } from "../support/temp-dir.ts";

export interface Opened extends AsyncDisposable {
  readonly index: FragmentIndex;
  /** The same index as another process has it open. The caller closes it. */
  another(): Promise<FragmentIndex>;
}

export interface Engine {
  readonly name: string;
  /** An empty index. */
  open(): Promise<Opened>;
}

function sqlite(name: string, openFile: (path: string) => Promise<FragmentIndex>): Engine {
  return {
    name,
    async open() {
      const dir = tempDir("index");
      const another = () => openFile(join(dir.path, "index.sqlite"));
      const index = await another();
      return {
        index,
        another,
        async [Symbol.asyncDispose]() {
          await index.close();
          dir[Symbol.dispose]();
        },
      };
    },
  };
}

export const sqliteDirect = sqlite("SQLite", openDirectIndex);
export const sqliteWorkers = sqlite("SQLite in workers", SqliteIndex.open);

/** One database for all tests, one after the other: emptied before each. */
export function postgresEngine(server: () => PostgresServer): Engine {
  let database: Promise<string> | undefined;
  return {
    name: "PostgreSQL",
    async open() {
      database ??= server().newDatabase();
      const url = await database;
      const another = () => PostgresIndex.open(url, { connections: 2 });
      const index = await another();
      await empty(url);
      return { index, another, [Symbol.asyncDispose]: () => index.close() };
    },
  };
}

async function empty(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  const tables = await sql`SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')
    AND relnamespace = 'public'::regnamespace AND NOT relispartition
    AND relname NOT IN ('index_version', 'counters')`;
  const texts = tables.map(({ relname }) => `DELETE FROM ${relname}`);
  await sql.unsafe([...texts, "UPDATE counters SET value = 0"].join("; "));
  await sql.end();
}
