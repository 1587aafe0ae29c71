/** What goes over WebSockets as JSON, in the documentation and in the sources: acks of producers, texts of the tail. */
import { ACK_ERRORS, type Ack, ackLine } from "../src/ingest/ack.ts";

const ACKS = "docs/formats/acks.md: ";
const TAIL = "docs/formats/tail.md: ";

/** One of each, with every key it can have. */
const EXAMPLES: Readonly<Record<Ack["type"], Ack>> = {
  BUFFERING: { type: "BUFFERING", timecode: 1, number: "1" },
  RECEIVED: { type: "RECEIVED", timecode: 1, number: "1", liveOnly: true },
  PERSISTED: { type: "PERSISTED", timecode: 1, number: "1" },
  ARCHIVED: { type: "ARCHIVED", number: "1" },
  IDLE: { type: "IDLE", number: "1" },
  ERROR: {
    ...{ type: "ERROR", id: 4006, timecode: 1, number: "1", at: 1 },
    ...{ code: "mkv.bad-id", message: "m" },
  },
};

/** Rows for acks and ErrorIds, and the names of their keys. */
export function ackProblems(page: string): string[] {
  const acks = Object.values(EXAMPLES);
  const keys = new Set(acks.flatMap((ack) => Object.keys(JSON.parse(ackLine(ack)))));
  const errors = Object.entries(ACK_ERRORS).map(([id, name]) => `| ${id} \`${name}\``);
  const sent = page.slice(0, page.indexOf("never sent"));
  const said = [...sent.matchAll(/^\| \d{4} `[A-Z_]+`/gm)].map(([row]) => row);
  return [
    ...acks.filter(({ type }) => !page.includes(`| \`${type}\` |`)).map(({ type }) => type),
    ...[...keys].filter((key) => !page.includes(`"${key}"`) && !page.includes(`\`${key}\``)),
    ...errors.filter((row) => !said.includes(row)),
  ]
    .map((what) => `${ACKS}nothing of ${what}`)
    .concat(said.filter((row) => !errors.includes(row)).map((row) => `${ACKS}no such id: ${row}`));
}

/** Types and keys of a tail's text messages. `sources`: the modules that write them, as texts. */
export function tailMessageProblems(page: string, sources: readonly string[]): string[] {
  const sent = sources.flatMap(messagesIn);
  const rows = [...page.matchAll(/^\| `\{"type":"(\w+)"/gm)].map(([, type = ""]) => type);
  const types = new Set(sent.map(({ type }) => type));
  return [
    ...[...types].filter((type) => !rows.includes(type)).map((type) => `${TAIL}no row for ${type}`),
    ...rows.filter((type) => !types.has(type)).map((type) => `${TAIL}no such message: ${type}`),
    ...sent.flatMap(({ type, keys }) =>
      keys.filter((key) => !page.includes(`"${key}"`)).map((key) => `${TAIL}no ${key} of ${type}`),
    ),
  ];
}

interface Message {
  readonly type: string;
  readonly keys: readonly string[];
}

/** Object literals that are written as JSON, and notices, whose `kind` becomes the type. */
function messagesIn(source: string): Message[] {
  const written = [...source.matchAll(/stringify\(\{ type: "(\w+)"([^}]*)\}/g)];
  const notices = [...source.matchAll(/\|\s*\{\s*readonly kind: "(\w+)"([^}]*)\}/g)];
  return [
    ...written.map(([, type = "", rest = ""]) => ({ type, keys: namesIn(rest) })),
    ...notices.map(([, type = "", rest = ""]) => ({
      type,
      keys: [...rest.matchAll(/readonly (\w+)\??:/g)].map(([, key = ""]) => key),
    })),
  ];
}

/** `a, b: c.d` to `a` and `b`. */
function namesIn(text: string): string[] {
  const parts = text.split(",").map((part) => /^\s*(\w+)/.exec(part)?.[1]);
  return parts.filter((name) => name !== undefined);
}
