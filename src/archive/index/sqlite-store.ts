/**
 * The index in SQLite, synchronously: runs in a worker, because a commit waits for the disk. WAL with
 * synchronous FULL, so that a commit that returned survives a power cut. Other processes may have the file open.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Fault } from "../../base/errors.ts";
import { countAllHours } from "./sql/hours.ts";
import { type IndexMethod, isRead, type Operations, operations } from "./sql/operations.ts";
import type { Answer, Dialect, Query, Step } from "./sql/step.ts";
import { addPackFunctions, HOURS_SINCE, MIGRATIONS } from "./sqlite-schema.ts";

const DIALECT: Dialect = {
  forUpdate: "",
  forShare: "",
  greatest: "max",
  nowMs: "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)",
};

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

export class SqliteStore {
  readonly #db: DatabaseSync;
  readonly #operations: Operations = operations(DIALECT);
  readonly #statements = new Map<string, Prepared>();

  /** Throws `index.unavailable`, `config.bad`. The first connection migrates; readers come after it. */
  constructor(path: string, { readOnly }: { readOnly: boolean }) {
    try {
      this.#db = new DatabaseSync(path, { readOnly });
      this.#db.exec("PRAGMA busy_timeout = 10000");
      if (readOnly) return;
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#migrate();
    } catch (cause) {
      throw indexFault(cause);
    }
  }

  #migrate(): void {
    if (this.#version() === MIGRATIONS.length) return;
    addPackFunctions(this.#db);
    this.#transaction(() => {
      // Another process may have done it since.
      const done = this.#version();
      if (done > MIGRATIONS.length)
        throw new Fault("config.bad", `the index was written by a newer version (schema ${done})`);
      for (const migration of MIGRATIONS.slice(done)) this.#db.exec(migration);
      if (done < HOURS_SINCE) this.#finish(countAllHours());
      this.#db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    }, "IMMEDIATE");
  }

  #version(): number {
    const [{ user_version: version = 0 } = {}] = this.#db.prepare("PRAGMA user_version").all();
    return Number(version);
  }

  /** One method of the port: in one transaction, durable when it returns. */
  call(method: IndexMethod, args: readonly unknown[]): unknown {
    const start = this.#operations[method] as (...args: readonly unknown[]) => Step<unknown>;
    const mode = isRead(method) ? "DEFERRED" : "IMMEDIATE";
    return this.#transaction(() => this.#finish(start(...args)), mode);
  }

  close(): void {
    this.#db.close();
  }

  #finish<T>(step: Step<T>): T {
    let state = step.next([]);
    while (!state.done) state = step.next(state.value.map((query) => this.#answer(query)));
    return state.value;
  }

  #transaction<T>(run: () => T, mode: "DEFERRED" | "IMMEDIATE"): T {
    this.#db.exec(`BEGIN ${mode}`);
    try {
      const result = run();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #answer({ sql, values }: Query): Answer {
    const { statement, returnsRows } = this.#prepared(sql);
    if (returnsRows) return { rows: statement.all(...values), changes: 0 };
    return { rows: [], changes: Number(statement.run(...values).changes) };
  }

  /** Texts differ by lists of marks at most: there are not many. */
  #prepared(sql: string): Prepared {
    let prepared = this.#statements.get(sql);
    if (prepared === undefined) {
      const statement = this.#db.prepare(sql);
      prepared = { statement, returnsRows: statement.columns().length > 0 };
      if (this.#statements.size >= MAX_PREPARED) this.#statements.clear();
      this.#statements.set(sql, prepared);
    }
    return prepared;
  }
}

const MAX_PREPARED = 500;

/** Anything the database throws, as `index.unavailable` (a full disk: `store.full`). */
export function indexFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { message } = error as Error;
  const full = /full/i.test(message);
  return new Fault(full ? "store.full" : "index.unavailable", `index: ${message}`, {
    cause: error,
  });
}
