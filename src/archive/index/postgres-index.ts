/**
 * The index in PostgreSQL: several nodes may share it. Every method that writes is one transaction, READ COMMITTED,
 * with the rows locked that it decides by (sql/streams.ts, sql/leases.ts). A lost connection is
 * `index.unavailable`, and whether the transaction was done is then not known: doing it again is fine.
 */
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import { Fault } from "../../base/errors.ts";
import type { FragmentIndex } from "./fragment-index.ts";
import { MIGRATIONS } from "./postgres-schema.ts";
import {
  type IndexMethod,
  indexOver,
  isRead,
  type Operations,
  operations,
} from "./sql/operations.ts";
import type { Answer, Dialect, Query, Step, Value } from "./sql/step.ts";

const DIALECT: Dialect = {
  forUpdate: " FOR UPDATE",
  forShare: " FOR SHARE",
  greatest: "greatest",
  nowMs: "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
};

export interface PostgresOptions {
  /** Connections; each runs one transaction at a time. */
  readonly connections?: number;
  /** A statement that runs longer is ended, ms. */
  readonly statementMs?: number;
  /** A connection on which nothing comes for longer is given up, ms. Above `statementMs`. */
  readonly silenceMs?: number;
}

const DEFAULTS: Required<PostgresOptions> = {
  connections: 4,
  statementMs: 20_000,
  silenceMs: 30_000,
};

/** Any number; the same for all versions, so that two nodes never migrate at once. */
const MIGRATION_LOCK = 7_283_119_402;
/** Two transactions that waited for each other: one was ended by the server, and is done again. */
const AGAIN = new Set(["40001", "40P01"]);
const ATTEMPTS = 5;
/** Reads of several queries that have to fit together. */
const SNAPSHOTS: ReadonlySet<IndexMethod> = new Set(["chain", "extent"]);

type Types = { bigint: number; bytea: Uint8Array };
type Connection = Pick<postgres.Sql<Types>, "unsafe">;

export const PostgresIndex = {
  /**
   * `url`: `postgres://user:password@host:port/database`, further parameters of a connection behind `?`. Brings the
   * tables up to date. Throws `index.unavailable`, `config.bad` (written by a newer version).
   */
  async open(url: string, options: PostgresOptions = {}): Promise<FragmentIndex> {
    const store = new PostgresStore(openPool(url, { ...DEFAULTS, ...options }));
    try {
      await store.migrate();
    } catch (error) {
      await store.close();
      throw error;
    }
    return indexOver(
      (method, args) => store.call(method, args),
      () => store.close(),
    );
  },
};

function openPool(url: string, options: Required<PostgresOptions>): postgres.Sql<Types> {
  const { connections, statementMs, silenceMs } = options;
  return postgres(url, {
    max: connections,
    connect_timeout: Math.ceil(silenceMs / 6000),
    idle_timeout: Math.ceil(silenceMs / 2000),
    // Seconds: a server that is back is found soon.
    backoff: (tries: number) => Math.min(0.05 * 2 ** tries, 1),
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: "streambank",
      statement_timeout: statementMs,
      lock_timeout: Math.ceil(statementMs / 2),
      idle_in_transaction_session_timeout: silenceMs,
      synchronous_commit: "on",
    },
    types: {
      bigint: { to: 20, from: [20], parse: Number, serialize: String },
      bytea: { to: 17, from: [17], parse: parseBytes, serialize: writeBytes },
    },
    // Not in the package's types. A peer that vanished says nothing: without this a query would wait for hours.
    ...{ socket: (to: Address) => openSocket(to, silenceMs) },
  });
}

interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

function openSocket({ host, port, path }: Address, silenceMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = path
      ? connect({ path })
      : connect({ host: host[0] ?? "127.0.0.1", port: port[0] ?? 5432 });
    socket.setTimeout(silenceMs, () => socket.destroy(new Error("PostgreSQL does not answer")));
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** `\x0a0b` */
function parseBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

function writeBytes(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`;
}

class PostgresStore {
  readonly #pool: postgres.Sql<Types>;
  readonly #operations: Operations = operations(DIALECT);
  /** Texts with `$1` for `?`. */
  readonly #texts = new Map<string, string>();

  constructor(pool: postgres.Sql<Types>) {
    this.#pool = pool;
  }

  async migrate(): Promise<void> {
    try {
      await this.#pool.begin(async (db) => {
        await db.unsafe(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
        await db.unsafe("CREATE TABLE IF NOT EXISTS index_version (version integer NOT NULL)");
        const [row] = await db.unsafe("SELECT version FROM index_version");
        const done = Number(row?.version ?? 0);
        if (done > MIGRATIONS.length)
          throw new Fault("config.bad", `the index was written by a newer version (${done})`);
        for (const migration of MIGRATIONS.slice(done)) await db.unsafe(migration);
        await db.unsafe("DELETE FROM index_version");
        await db.unsafe("INSERT INTO index_version VALUES ($1)", [MIGRATIONS.length]);
      });
    } catch (error) {
      throw postgresFault(error);
    }
  }

  async call(method: IndexMethod, args: readonly unknown[]): Promise<unknown> {
    const start = this.#operations[method] as (...args: readonly unknown[]) => Step<unknown>;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(method, () => start(...args));
      } catch (error) {
        const code = (error as { code?: string }).code ?? "";
        if (attempt === ATTEMPTS || !AGAIN.has(code)) throw postgresFault(error);
      }
    }
  }

  #attempt(method: IndexMethod, start: () => Step<unknown>): Promise<unknown> {
    if (!isRead(method)) return this.#pool.begin((db) => this.#finish(db, start()));
    if (SNAPSHOTS.has(method))
      return this.#pool.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY", (db) =>
        this.#finish(db, start()),
      );
    return this.#finish(this.#pool, start());
  }

  async close(): Promise<void> {
    await this.#pool.end({ timeout: 5 });
  }

  async #finish<T>(db: Connection, step: Step<T>): Promise<T> {
    let state = step.next([]);
    while (!state.done) {
      const queries = state.value.map((query) => this.#answer(db, query));
      state = step.next(await Promise.all(queries));
    }
    return state.value;
  }

  async #answer(db: Connection, { sql, values }: Query): Promise<Answer> {
    const result = await db.unsafe(this.#text(sql), [...values] as Value[], { prepare: true });
    return { rows: [...result], changes: result.count };
  }

  #text(sql: string): string {
    let text = this.#texts.get(sql);
    if (text === undefined) {
      let place = 0;
      text = sql.replaceAll("?", () => `$${++place}`);
      this.#texts.set(sql, text);
    }
    return text;
  }
}

/** 53100: the server's disk is full. */
function postgresFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { message, code } = error as { message: string; code?: string };
  const full = code === "53100";
  return new Fault(full ? "store.full" : "index.unavailable", `index: ${message}`, {
    cause: error,
  });
}
