/** The engines that the contract of the index is tested on. */
import { join } from "node:path";
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

export function postgresEngine(server: () => PostgresServer): Engine {
  return {
    name: "PostgreSQL",
    async open() {
      const url = await server().newDatabase();
      const another = () => PostgresIndex.open(url);
      const index = await another();
      return { index, another, [Symbol.asyncDispose]: () => index.close() };
    },
  };
}
