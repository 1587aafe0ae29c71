/** The client's types and the API's description say the same: names, what may be missing, kinds of values. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { SCHEMAS, type Schema } from "../../src/server/openapi/schemas.ts";

const SOURCE = readFileSync(join(import.meta.dirname, "../../src/client/types.ts"), "utf8");

/** Interface of `src/client/types.ts` by schema of the document. */
const PAIRS = {
  Track: "TrackView",
  Stream: "Stream",
  Fragment: "FragmentItem",
  Coverage: "Coverage",
  Hold: "Hold",
  Image: "ImageItem",
  Event: "BankEvent",
  Key: "AccessKey",
  User: "User",
  Server: "ServerInfo",
  ServerSample: "ServerSample",
  Session: "Session",
  SessionToken: "SessionToken",
  GroupPlace: "GroupPlace",
} as const satisfies Partial<Record<keyof typeof SCHEMAS, string>>;

interface Member {
  readonly optional: boolean;
  readonly type: string;
}

/** Of an interface whose members stand one level in. */
function membersOf(name: string): Map<string, Member> {
  const [, body] = new RegExp(`export interface ${name} \\{\\n(.*?)\\n\\}`, "s").exec(SOURCE) ?? [];
  assert.ok(body, `there is an interface ${name}`);
  const found = body.matchAll(/^ {2}readonly (\w+)(\??): ([^\n]+)/gm);
  return new Map(
    [...found].map(([, key = "", mark, type = ""]) => [key, { optional: mark === "?", type }]),
  );
}

/** What a value of this schema may be written as. */
function fits(schema: Schema, type: string): boolean {
  const { enum: all } = schema as { readonly enum?: readonly string[] };
  switch (schema.type) {
    case "string":
      return all === undefined ? /^string;/.test(type) : all.every((one) => type.includes(one));
    case "integer":
    case "number":
      return /^number;/.test(type);
    case "boolean":
      return /^boolean;/.test(type);
    case "array":
      return /^readonly (?:\w+\[\];|\{$)/.test(type);
    case "object":
      return type === "{";
    default:
      return type === "unknown;";
  }
}

suite("the client's types", () => {
  for (const [schemaName, name] of Object.entries(PAIRS))
    test(`${name} is ${schemaName}`, () => {
      const { properties, required = [] } = SCHEMAS[
        schemaName as keyof typeof PAIRS
      ] as unknown as {
        readonly properties: Readonly<Record<string, Schema>>;
        readonly required?: readonly string[];
      };
      const members = membersOf(name);
      assert.deepEqual([...members.keys()].sort(), Object.keys(properties).sort());
      for (const [key, { optional, type }] of members) {
        assert.equal(optional, !required.includes(key), `${key}: whether it may be missing`);
        assert.ok(fits(properties[key] ?? {}, type), `${key}: ${type}`);
      }
    });
});
