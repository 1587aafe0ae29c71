/** Constraints of KVS's inputs as data, and the one function that checks a body against them. */
import { Fault } from "../../base/errors.ts";

export type Shape =
  | {
      readonly type: "string";
      readonly min: number;
      readonly max: number;
      readonly pattern?: RegExp;
    }
  | { readonly type: "enum"; readonly values: readonly string[] }
  | { readonly type: "integer"; readonly min: number; readonly max: number }
  | { readonly type: "boolean" }
  /** Seconds since the Unix epoch, with or without a fraction. */
  | { readonly type: "timestamp" }
  | { readonly type: "list"; readonly of: Shape; readonly min: number; readonly max: number }
  | {
      readonly type: "map";
      readonly key: Shape;
      readonly value: Shape;
      readonly min: number;
      readonly max: number;
    }
  | Structure;

export interface Structure {
  readonly type: "structure";
  readonly members: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
}

/** A stream's or a tag's words may be long; a body is 1 MB at most. */
const FAR_FUTURE_S = 253_402_300_800;

/**
 * Throws `request.bad` with the name of the member, as KVS words it. Members that the shape does not have are passed over, as
 * the real service does: newer clients send more.
 */
export function check(shape: Shape, value: unknown, name: string): void {
  switch (shape.type) {
    case "string":
      checkString(shape, value, name);
      return;
    case "enum":
      if (typeof value !== "string" || !shape.values.includes(value))
        throw bad(name, `must be one of ${shape.values.join(", ")}`);
      return;
    case "integer":
      if (typeof value !== "number" || !Number.isInteger(value))
        throw bad(name, "must be a whole number");
      if (value < shape.min || value > shape.max)
        throw bad(name, `must be from ${shape.min} to ${shape.max}`);
      return;
    case "boolean":
      if (typeof value !== "boolean") throw bad(name, "must be true or false");
      return;
    case "timestamp":
      if (
        typeof value !== "number" ||
        !Number.isFinite(value) ||
        value < 0 ||
        value >= FAR_FUTURE_S
      )
        throw bad(name, "must be seconds since 1970 as a number");
      return;
    case "list":
      checkList(shape, value, name);
      return;
    case "map":
      checkMap(shape, value, name);
      return;
    case "structure":
      checkStructure(shape, value, name);
      return;
  }
}

type Of<Type> = Extract<Shape, { type: Type }>;

function checkString({ min, max, pattern }: Of<"string">, value: unknown, name: string): void {
  if (typeof value !== "string") throw bad(name, "must be a string");
  if (value.length < min || value.length > max)
    throw bad(name, `must have ${min} to ${max} characters`);
  if (pattern !== undefined && !pattern.test(value))
    throw bad(name, `must match ${pattern.source}`);
}

function checkList({ of, min, max }: Of<"list">, value: unknown, name: string): void {
  if (!Array.isArray(value)) throw bad(name, "must be a list");
  checkCount(value.length, { min, max, name });
  for (const [i, item] of value.entries()) check(of, item, `${name}.${i + 1}`);
}

function checkMap({ key, value: of, min, max }: Of<"map">, value: unknown, name: string): void {
  const entries = Object.entries(record(value, name));
  checkCount(entries.length, { min, max, name });
  for (const [word, item] of entries) {
    check(key, word, `${name} key`);
    check(of, item, `${name}.${word.slice(0, 40)}`);
  }
}

function checkStructure({ members, required }: Structure, value: unknown, name: string): void {
  const given = record(value, name);
  const path = (member: string) => (name === "" ? member : `${name}.${member}`);
  for (const member of required)
    if (isMissing(given[member])) throw bad(path(member), "is required");
  for (const [member, shape] of Object.entries(members))
    if (!isMissing(given[member])) check(shape, given[member], path(member));
}

/** Some clients write null for what they leave out. */
function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw bad(name === "" ? "the body" : name, "must be an object");
  return value as Readonly<Record<string, unknown>>;
}

function checkCount(count: number, { min, max, name }: { min: number; max: number; name: string }) {
  if (count < min || count > max) throw bad(name, `must have ${min} to ${max} members`);
}

function bad(name: string, what: string): Fault {
  return new Fault("request.bad", `${name} ${what}`);
}
