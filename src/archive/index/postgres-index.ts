/**
 * The index in PostgreSQL: several nodes may share it. Every method that writes is one transaction, READ COMMITTED,
 * with the rows locked that it decides by (sql/streams.ts, sql/leases.ts). A lost connection is
 * `index.unavailable`, and whether the transaction was done is then not known: doing it again is fine.
 */
import postgres from "postgres";
import { Fault } from "../../base/errors.ts";
import type { FragmentIndex } from "./fragment-index.ts";
import { HOURS_SINCE, MIGRATIONS } from "./postgres-schema.ts";
import { openSocket } from "./postgres-socket.ts";
import { LOOSE, type Looseness, tidyIndexes } from "./postgres-tidy.ts";
import { countAllHours } from "./sql/hours.ts";
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
  /** Connections; each runs one transaction at a time. One more is for what keeps leases. */
  readonly connections?: number;
  /** A statement that runs longer is ended, ms. */
  readonly statementMs?: number;
  /** A connection on which nothing comes for longer is given up, ms. Above `statementMs`. */
  readonly silenceMs?: number;
  /** The tables have to be up to date, and nothing is written. */
  readonly readOnly?: boolean;
  /** Which indexes are built anew. */
  readonly loose?: Partial<Looseness>;
}

type PoolOptions = Required<Omit<PostgresOptions, "loose">>;

const DEFAULTS: PoolOptions = {
  connections: 4,
  statementMs: 20_000,
  silenceMs: 30_000,
  readOnly: false,
};

/** Any number; the same for all versions, so that two nodes never migrate at once. */
const MIGRATION_LOCK = 7_283_119_402;
/** Two transactions that waited for each other: one was ended by the server, and is done again. */
const AGAIN = new Set(["40001", "40P01"]);
const ATTEMPTS = 5;
/** Seconds that what is under way has when its pool ends. */
const OLD_POOL_S = 2;
/** An index of ten years of a hundred cameras takes less to build, ms. */
const TIDY_MS = 6 * 3_600_000;
/**
 * What keeps this node's leases, on a connection of their own: behind slow questions of viewers, which may have all the
 * others for seconds, a node would lose its streams.
 */
const KEEPING: ReadonlySet<IndexMethod> = new Set(["now", "renewLeases", "putNode", "nodes"]);
/** Reads of several queries that have to fit together. */
const SNAPSHOTS: ReadonlySet<IndexMethod> = new Set(["chain", "stretches", "extent"]);

type Types = { bigint: number; bytea: Uint8Array };
type Connection = Pick<postgres.Sql<Types>, "unsafe">;

export const PostgresIndex = {
  /**
   * `url`: `postgres://user:password@host:port/database`, further parameters of a connection behind `?`. Brings the
   * tables up to date. Throws `index.unavailable`, `config.bad` (written by a newer version).
   */
  async open(url: string, options: PostgresOptions = {}): Promise<FragmentIndex> {
    if (!URL.canParse(url)) throw new Fault("config.bad", "the index's address is not a URL");
    const all = { ...DEFAULTS, ...options };
    const store = new PostgresStore({
      work: () => openPool(new URL(url), all),
      keeping: () => openPool(new URL(url), { ...all, connections: 1 }),
    });
    try {
      await (all.readOnly ? store.checkVersion() : store.migrate());
    } catch (error) {
      await store.close();
      throw error;
    }
    const slow = { ...all, connections: 1, statementMs: TIDY_MS, silenceMs: TIDY_MS };
    return indexOver(
      (method, args) => store.call(method, args),
      () => store.close(),
      () => store.tidy(() => openPool(new URL(url), slow), { ...LOOSE, ...options.loose }),
    );
  },
};

type Pool = postgres.Sql<Types>;
type Lane = "work" | "keeping";

function openPool(url: URL, options: PoolOptions): Pool {
  const { connections, statementMs, silenceMs, readOnly } = options;
  const tls = tlsMode(url.searchParams.get("sslmode") ?? "disable");
  const plain = new URL(url);
  plain.searchParams.delete("sslmode");
  const socket = ({ host, port, path }: DriverAddress) => {
    const address = { host: host[0] ?? "127.0.0.1", port: port[0] ?? 5432, tls };
    return openSocket({ ...address, path: path || undefined }, silenceMs);
  };
  return postgres(plain.href, {
    max: connections,
    connect_timeout: Math.ceil(silenceMs / 3000),
    // A connection is kept: the driver is at its worst when one ends.
    max_lifetime: 0,
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: "streambank",
      statement_timeout: statementMs,
      lock_timeout: Math.ceil(statementMs / 2),
      idle_in_transaction_session_timeout: silenceMs,
      synchronous_commit: "on",
      ...(readOnly ? { default_transaction_read_only: true } : {}),
    },
    types: {
      bigint: { to: 20, from: [20], parse: Number, serialize: String },
      bytea: { to: 17, from: [17], parse: parseBytes, serialize: writeBytes },
    },
    // Not in the package's types.
    ...{ socket },
  });
}

/** As the driver gives it. */
interface DriverAddress {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

function tlsMode(text: string): "disable" | "require" | "verify-full" {
  if (text === "disable" || text === "require" || text === "verify-full") return text;
  throw new Fault("config.bad", "sslmode of the index is disable, require or verify-full");
}

/** `\x0a0b` */
function parseBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

function writeBytes(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`;
}

class PostgresStore {
  readonly #open: Readonly<Record<Lane, () => Pool>>;
  readonly #pools: Record<Lane, Pool>;
  /** Pools that a connection was lost from, as they end. */
  readonly #ending = new Set<Promise<void>>();
  readonly #operations: Operations = operations(DIALECT);
  #endTidy: () => Promise<void> = async () => {};
  /** Texts with `$1` for `?`. */
  readonly #texts = new Map<string, string>();

  /** Pools connect when they are first asked. */
  constructor(open: Readonly<Record<Lane, () => Pool>>) {
    this.#open = open;
    this.#pools = { work: open.work(), keeping: open.keeping() };
  }

  async migrate(): Promise<void> {
    try {
      await this.#pools.work.begin(async (db) => {
        await db.unsafe(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
        await db.unsafe("CREATE TABLE IF NOT EXISTS index_version (version integer NOT NULL)");
        const [row] = await db.unsafe("SELECT version FROM index_version");
        const done = Number(row?.version ?? 0);
        if (done > MIGRATIONS.length)
          throw new Fault("config.bad", `the index was written by a newer version (${done})`);
        for (const migration of MIGRATIONS.slice(done)) await db.unsafe(migration);
        if (done < HOURS_SINCE) await this.#finish(db, countAllHours());
        await db.unsafe("DELETE FROM index_version");
        await db.unsafe("INSERT INTO index_version VALUES ($1)", [MIGRATIONS.length]);
      });
    } catch (error) {
      throw postgresFault(error);
    }
  }

  /** For those who only look. Throws `config.bad`, `index.unavailable`. */
  async checkVersion(): Promise<void> {
    let version: number;
    try {
      const [row] = await this.#pools.work.unsafe("SELECT version FROM index_version");
      version = Number(row?.version ?? 0);
    } catch (error) {
      throw postgresFault(error);
    }
    if (version !== MIGRATIONS.length)
      throw new Fault("config.bad", `the index has schema ${version}, not ${MIGRATIONS.length}`);
  }

  async call(method: IndexMethod, args: readonly unknown[]): Promise<unknown> {
    const start = this.#operations[method] as (...args: readonly unknown[]) => Step<unknown>;
    const lane: Lane = KEEPING.has(method) ? "keeping" : "work";
    for (let attempt = 1; ; attempt++) {
      const pool = this.#pools[lane];
      try {
        return await this.#attempt(pool, method, () => start(...args));
      } catch (error) {
        if (isLoss(error)) this.#replace(lane, pool);
        const code = (error as { code?: string }).code ?? "";
        if (attempt === ATTEMPTS || !AGAIN.has(code)) throw postgresFault(error);
      }
    }
  }

  /** The driver may never use a connection again that it lost: what is under way is given a time, then all are new. */
  #replace(lane: Lane, pool: Pool): void {
    if (this.#pools[lane] !== pool) return;
    this.#pools[lane] = this.#open[lane]();
    const ending = pool
      .end({ timeout: OLD_POOL_S })
      .catch(() => {})
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #attempt(pool: Pool, method: IndexMethod, start: () => Step<unknown>): Promise<unknown> {
    if (!isRead(method)) return pool.begin((db) => this.#finish(db, start()));
    if (SNAPSHOTS.has(method))
      return pool.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY", (db) =>
        this.#finish(db, start()),
      );
    return this.#finish(pool, start());
  }

  /** With a pool of its own: what is built takes longer than any statement may. */
  async tidy(open: () => Pool, loose: Looseness): Promise<readonly string[]> {
    const pool = open();
    const ended = new Promise<void>((resolve) => {
      this.#endTidy = () => {
        resolve();
        return pool.end({ timeout: OLD_POOL_S });
      };
    });
    try {
      const done = tidyIndexes(pool, loose);
      // When the index is closed meanwhile, nobody waits for it; what is left over is removed the next time.
      done.catch(() => {});
      return await Promise.race([done, ended.then(() => [])]);
    } catch (error) {
      throw postgresFault(error);
    } finally {
      await pool.end({ timeout: OLD_POOL_S }).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.#endTidy().catch(() => {});
    const ending = Object.values(this.#pools).map((pool) => pool.end({ timeout: OLD_POOL_S }));
    await Promise.all([...ending, ...this.#ending]);
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

/** The connection is gone, or the server says that it goes. */
function isLoss(error: unknown): boolean {
  if (error instanceof Fault) return false;
  const { code } = error as { code?: string };
  return !(error instanceof postgres.PostgresError) || /^(57P0|08)/.test(code ?? "");
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
