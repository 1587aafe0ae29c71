/** Values for fast-check: what a JSON Schema or a KVS shape allows, nearly allows, and what nobody would send. */
import fc, { type Arbitrary } from "fast-check";
import type { Shape, Structure } from "../../src/server/kvs/shapes.ts";

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** Values of members by name, where any that fit the schema would lead nowhere, or where nothing may be connected to. */
export type ByName = Readonly<Record<string, Arbitrary<unknown>>>;

const MOST_ITEMS = 5;
const LONGEST = 300;

/** Strings that have been trouble to somebody. */
const ODD_TEXT = fc.constantFrom(
  ...["", " ", "\0", "..", "%", "%00", "%2e%2e%2f", "null", "undefined", "NaN", "-1", "1e999"],
  ...["__proto__", "constructor", "toString", "\ud800", "é".repeat(200), "x".repeat(5000), "'; --"],
  ...["2026-13-45T99:99:99Z", "9007199254740993", "-0", "0x10", "１２", "\u202e", "{}", "[]"],
);

export const wild: Arbitrary<unknown> = fc.oneof(
  ODD_TEXT,
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(null, true, false, 0, -1, 0.5, 1e308, -1e308, 2 ** 53, 2 ** 63, [], {}, [[]]),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.anything({ maxDepth: 2, maxKeys: 3, withBigInt: false }).map(jsonOf),
);

/** Text for paths and queries: JSON has no part in them. */
export const wildText: Arbitrary<string> = fc.oneof(ODD_TEXT, fc.string({ maxLength: 40 }));

/** What JSON can say of it. */
function jsonOf(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? "null");
  } catch {
    return null;
  }
}

export function ofSchema(schema: JsonSchema, byName: ByName = {}): Arbitrary<unknown> {
  const { enum: values, anyOf, oneOf, type } = schema;
  if (values !== undefined) return fc.constantFrom(...values);
  const either = anyOf ?? oneOf;
  if (either !== undefined) return fc.oneof(...either.map((one) => ofSchema(one, byName)));
  if (Array.isArray(type))
    return fc.oneof(...type.map((one) => ofSchema({ ...schema, type: one })));
  switch (type) {
    case "string":
      return textOf(schema);
    case "integer":
    case "number":
      return wholeOf(schema.minimum, schema.maximum);
    case "boolean":
      return fc.boolean();
    case "array": {
      const { items = {}, minItems = 0, maxItems = MOST_ITEMS } = schema;
      const length = { minLength: minItems, maxLength: Math.min(maxItems, minItems + MOST_ITEMS) };
      const of = ofSchema(items, byName);
      return schema.uniqueItems === true ? fc.uniqueArray(of, length) : fc.array(of, length);
    }
    case "object":
      return ofMembers(schema.properties ?? {}, schema.required ?? [], (name, one) => {
        return byName[name] ?? ofSchema(one, byName);
      });
    default:
      return wild;
  }
}

export function ofShape(shape: Shape, byName: ByName = {}): Arbitrary<unknown> {
  switch (shape.type) {
    case "string":
      return textOf({ minLength: shape.min, maxLength: shape.max }, shape.pattern);
    case "enum":
      return fc.constantFrom(...shape.values);
    case "integer":
      return wholeOf(shape.min, shape.max);
    case "boolean":
      return fc.boolean();
    case "timestamp":
      return fc.oneof(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.double({ min: 0, max: 250_000_000_000, noNaN: true }),
      );
    case "list":
      return fc.array(ofShape(shape.of, byName), lengthOf(shape));
    case "map":
      return fc
        .uniqueArray(fc.tuple(ofShape(shape.key), ofShape(shape.value)), {
          ...lengthOf(shape),
          selector: ([key]) => key,
        })
        .map((entries) => Object.fromEntries(entries as [string, unknown][]));
    case "structure":
      return ofStructure(shape, byName);
  }
}

export function ofStructure({ members, required }: Structure, byName: ByName = {}) {
  return ofMembers(members, required, (name, one) => byName[name] ?? ofShape(one, byName));
}

/** One that fits, with one member gone, another one, or of another kind. */
export function nearly(fitting: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc.tuple(fitting, fc.nat(), fc.nat({ max: 3 }), wild).map(([value, at, what, other]) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return other;
    const names = Object.keys(value);
    const name = names[at % Math.max(1, names.length)] ?? "none";
    const { [name]: member, ...rest } = value as Record<string, unknown>;
    if (what === 0) return rest;
    if (what === 1) return { ...value, unknownMember: other };
    if (what === 2) return { ...value, [name]: [member] };
    return { ...value, [name]: other };
  });
}

function ofMembers<T>(
  members: Readonly<Record<string, T>>,
  required: readonly string[],
  of: (name: string, member: T) => Arbitrary<unknown>,
): Arbitrary<unknown> {
  const all = Object.entries(members).map(([name, one]) => [name, of(name, one)] as const);
  const requiredKeys = required.filter((name) => name in members);
  return fc
    .record(Object.fromEntries(all), { requiredKeys: requiredKeys as never[] })
    .map((made) => ({ ...made }));
}

function textOf({ minLength = 0, maxLength = LONGEST, pattern }: JsonSchema, regex?: RegExp) {
  const [min, max] = [minLength, Math.min(maxLength, Math.max(minLength, LONGEST))];
  const source = regex ?? (pattern === undefined ? undefined : new RegExp(pattern));
  if (source === undefined) return fc.string({ minLength: min, maxLength: max });
  // fast-check writes few of the classes of Unicode.
  const known = source.source.includes("\\p{")
    ? fc.stringMatching(/^[\w.:/=+@-]{0,40}$/)
    : fc.stringMatching(source);
  return known.filter((text) => text.length >= min && text.length <= maxLength);
}

function wholeOf(min = -(2 ** 53), max: number = 2 ** 53): Arbitrary<number> {
  const edges = [min, Math.min(max, min + 1), max].filter(Number.isSafeInteger);
  const safe = (value: number) =>
    Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  const any = fc.maxSafeInteger().map((n) => Math.max(min, Math.min(max, n)));
  const near = fc.integer({ min: safe(min), max: safe(Math.min(max, Math.max(min, 0) + 10_000)) });
  return fc.oneof(fc.constantFrom(...edges), any.filter(Number.isSafeInteger), near);
}

function lengthOf({ min, max }: { readonly min: number; readonly max: number }) {
  return { minLength: min, maxLength: Math.min(max, min + MOST_ITEMS) };
}
