/**
 * The logic of the index as generators: a step yields the queries it needs and is given their answers, so it is
 * written once and runs synchronously over SQLite and over a connection to PostgreSQL. Queries yielded together do
 * not depend on each other's answers and are sent together. `?` stands for a value.
 */

export type Value = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, unknown>>;

export interface Query {
  readonly sql: string;
  readonly values: readonly Value[];
}

export interface Answer {
  readonly rows: readonly Row[];
  /** Rows written by a statement that returns none. */
  readonly changes: number;
}

export type Step<T> = Generator<readonly Query[], T, readonly Answer[]>;

/** What the two engines write differently. */
export interface Dialect {
  /** After a SELECT inside a transaction: others wait to change these rows. SQLite has one writer anyway. */
  readonly forUpdate: string;
  readonly forShare: string;
  /** The larger of two values. */
  readonly greatest: string;
  /** The engine's clock, whole ms since 1970. */
  readonly nowMs: string;
}

export function query(sql: string, ...values: readonly Value[]): Query {
  return { sql, values };
}

/** One answer per query, in order. */
export function* send(queries: readonly Query[]): Step<readonly Answer[]> {
  return queries.length === 0 ? [] : yield queries;
}

export function* all(sql: string, ...values: readonly Value[]): Step<readonly Row[]> {
  const [answer] = yield [{ sql, values }];
  return answer?.rows ?? [];
}

export function* first(sql: string, ...values: readonly Value[]): Step<Row | undefined> {
  return (yield* all(sql, ...values))[0];
}

/** How many rows it changed. */
export function* run(sql: string, ...values: readonly Value[]): Step<number> {
  const [answer] = yield [{ sql, values }];
  return answer?.changes ?? 0;
}

/** `?, ?, ?` */
export function marks(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}
