/**
 * Query strings from tables: what a route takes, how it is read, and how it is described (`/v1/openapi.json`) are one thing. What a
 * table does not have is refused.
 */
import { Fault } from "../../base/errors.ts";
import type { Millis } from "../../base/units.ts";
import { parseTime } from "../../play/time.ts";

/** Repeated parameters arrive as arrays; none of ours may be repeated. */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Parameter<T> {
  /** JSON Schema of the value as it is written, and in words. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly required?: boolean;
  /** Throws `request.bad`, `request.bad-time`. */
  read(value: string, name: string): T;
  /** What it is when it is missing. Throws when it may not be. */
  missing(name: string): T;
}

export type QueryTable = Readonly<Record<string, Parameter<unknown>>>;

export type QueryValues<Table extends QueryTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Parameter<infer T> ? T : never;
};

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the query may have. */
    readonly query?: QueryTable;
  }
}

/** Throws `request.bad`, `request.bad-time`. */
export function readQuery<Table extends QueryTable>(
  table: Table,
  query: RawQuery,
): QueryValues<Table> {
  refuseOthers(query, Object.keys(table));
  const entries = Object.entries(table).map(([name, parameter]) => {
    const value = text(query, name);
    return [name, value === undefined ? parameter.missing(name) : parameter.read(value, name)];
  });
  return Object.fromEntries(entries) as QueryValues<Table>;
}

const TIME = { anyOf: [{ type: "string", format: "date-time" }, { type: "integer" }] } as const;

/** ISO 8601, or ms since the Unix epoch. */
export function time<T extends Millis | undefined>(fallback: T, words: string) {
  return parameter<Millis | T>({ ...TIME, description: words }, parseTime, fallback);
}

export function neededTime(words: string, refusal: string): Parameter<Millis> {
  return {
    ...{ schema: { ...TIME, description: words }, required: true, read: parseTime },
    missing: () => {
      throw new Fault("request.bad-time", refusal);
    },
  };
}

interface Bounds<T> {
  readonly fallback: T;
  readonly min: number;
  readonly max: number;
}

export function whole<T extends number | undefined>(
  { fallback, min, max }: Bounds<T>,
  words: string,
): Parameter<number | T> {
  const schema = { type: "integer", minimum: min, maximum: max, description: words };
  const read = (value: string, name: string) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    const shown = value.slice(0, 60);
    throw new Fault("request.bad", `${name}: a whole number from ${min} to ${max}, not ${shown}`);
  };
  return parameter<number | T>(schema, read, fallback);
}

export function choice<T extends string>(
  all: readonly [T, ...T[]],
  words: string,
  fallback: T = all[0],
): Parameter<T> {
  const read = (value: string, name: string) => {
    if (all.includes(value as T)) return value as T;
    const known = `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;
    throw new Fault("request.bad", `${name}: ${known}, not ${value.slice(0, 60)}`);
  };
  return parameter({ type: "string", enum: all, description: words }, read, fallback);
}

export function flag(fallback: boolean, words: string): Parameter<boolean> {
  const read = (value: string, name: string) => {
    if (value === "true" || value === "false") return value === "true";
    throw new Fault("request.bad", `${name}: true or false, not ${value.slice(0, 60)}`);
  };
  return parameter({ type: "boolean", description: words }, read, fallback);
}

/** Who reads it says what is wrong with it. */
export function free(words: string): Parameter<string | undefined> {
  return parameter<string | undefined>(
    { type: "string", description: words },
    (value) => value,
    undefined,
  );
}

function parameter<T>(
  schema: Readonly<Record<string, unknown>>,
  read: (value: string, name: string) => T,
  fallback: T,
): Parameter<T> {
  const known = fallback === undefined ? schema : { ...schema, default: fallback };
  return { schema: known, read, missing: () => fallback };
}

/** Throws `request.bad` when a parameter is given twice. */
export function text(query: RawQuery, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === "string") return value;
  throw new Fault("request.bad", `${name} is given more than once`);
}

export function refuseOthers(query: RawQuery, known: readonly string[]): void {
  // A permission in the address is the guard's business.
  const other = Object.keys(query).find((name) => name !== "token" && !known.includes(name));
  if (other !== undefined)
    throw new Fault(
      "request.bad",
      `unknown parameter ${other.slice(0, 60)}; known: ${known.join(", ")}`,
    );
}
