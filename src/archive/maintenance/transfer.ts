/** An index as lines of JSON, and back, into whatever engine: docs/formats/export.md. */
import { Fault } from "../../base/errors.ts";
import {
  EXPORT_KINDS,
  type ExportKind,
  type ExportRow,
  type FragmentIndex,
} from "../index/fragment-index.ts";

const FORMAT = 1;
const PAGE = 500;

/** Lines without their line ends: one that says what it is, one per row, one that says how many there were. */
export async function* exportIndex(
  index: FragmentIndex,
  kinds: readonly ExportKind[] = EXPORT_KINDS,
): AsyncGenerator<string> {
  yield JSON.stringify({ streambank: "index", format: FORMAT });
  let rows = 0;
  for (const kind of kinds) {
    let after: string | undefined;
    do {
      const page = await index.exportRows(kind, after, PAGE);
      for (const row of page.rows) yield JSON.stringify({ kind, row });
      rows += page.rows.length;
      after = page.next;
    } while (after !== undefined);
  }
  yield JSON.stringify({ end: true, rows });
}

/** Takes the lines of an export; rows that are there stay as they are. Returns how many came. Throws `request.bad`. */
export async function importIndex(
  index: FragmentIndex,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<number> {
  let waiting: { kind: ExportKind; rows: ExportRow[] } | undefined;
  const flush = async () => {
    if (waiting !== undefined) await index.importRows(waiting.kind, waiting.rows);
    waiting = undefined;
  };
  let rows = 0;
  let [begun, ended] = [false, false];
  for await (const line of lines) {
    const { streambank, format, kind, row, end, rows: said } = parse(line);
    if (!begun) {
      if (streambank !== "index" || format !== FORMAT)
        throw new Fault("request.bad", "not an export of an index, or of a newer version");
      begun = true;
    } else if (end === true) {
      if (said !== rows) throw new Fault("request.bad", `${rows} rows of ${String(said)}`);
      ended = true;
    } else {
      const known = EXPORT_KINDS.find((one) => one === kind);
      if (known === undefined || typeof row !== "object" || row === null)
        throw new Fault("request.bad", "a line that is not a row of an export");
      if (waiting !== undefined && (waiting.kind !== known || waiting.rows.length >= PAGE))
        await flush();
      waiting ??= { kind: known, rows: [] };
      waiting.rows.push(row as ExportRow);
      rows++;
    }
  }
  await flush();
  if (!ended) throw new Fault("request.bad", "the export is cut: its last line is missing");
  return rows;
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw new Fault("request.bad", "a line that is not JSON");
}
