/** Rows of the table of packs and what they stand for. */
import { assert } from "../../../base/assert.ts";
import { micros, millis } from "../../../base/units.ts";
import type { PackSummary } from "../../../fragment/fragment.ts";
import { formatPackId, packIdParts } from "../../pack-id.ts";
import type { PackRow } from "../fragment-index.ts";
import { readTotals } from "../fragment-list.ts";
import type { Row } from "./step.ts";

export const OPEN = 0;
export const SEALED = 1;
export const ARCHIVED = 2;

/** Where a pack's row is. A salt is kept as a signed number of 32 bits. */
export interface PackKey {
  readonly stream: number;
  readonly day: number;
  readonly serial: number;
  readonly salt: number;
}

export const OF_PACK = "stream = ? AND serial = ? AND salt = ?";

/** Columns of a summary, the row being `p`. Subqueries, because a join may make a planner sort all packs. */
export const SUMMARY = `p.day, p.serial, p.salt, p.state, p.produced_start, p.produced_end,
  p.received_first, p.received_last, p.first_sequence, p.last_sequence, p.bytes, p.totals,
  (SELECT id FROM track_sets t WHERE t.num = p.track_set) AS track_set_id`;

/** Columns of a whole row. */
export const WHOLE = `${SUMMARY}, p.list_offset, p.list_bytes,
  (SELECT name FROM streams s WHERE s.id = p.stream) AS stream_name,
  (SELECT name FROM node_names n WHERE n.num = p.node) AS node_name,
  (SELECT fragments FROM lists l WHERE l.stream = p.stream AND l.serial = p.serial
   AND l.salt = p.salt) AS fragments`;

const SALT_OFFSET = 2 ** 31;

/** Throws `store.not-found` when it is not a pack id. `stream`: the number of its stream. */
export function packKey(packId: string, stream: { id: number; name: string }): PackKey {
  const { stream: name, day, serial, salt } = packIdParts(packId);
  assert(name === stream.name, `pack ${packId} in stream ${stream.name}`);
  return { stream: stream.id, day, serial, salt: salt - SALT_OFFSET };
}

export function keyValues({ stream, serial, salt }: PackKey): [number, number, number] {
  return [stream, serial, salt];
}

export function packIdOf(stream: string, row: Row): string {
  const [day, serial, salt] = [Number(row.day), Number(row.serial), Number(row.salt)];
  return formatPackId({ stream, day, serial, salt: salt + SALT_OFFSET });
}

export function stateOf({ sealed, archived }: Pick<PackRow, "sealed" | "archived">): number {
  if (archived) return ARCHIVED;
  return sealed ? SEALED : OPEN;
}

export function summaryOf(stream: string, row: Row): PackSummary {
  return {
    packId: packIdOf(stream, row),
    trackSetId: String(row.track_set_id),
    sealed: Number(row.state) !== OPEN,
    producedStartUs: micros(Number(row.produced_start)),
    producedEndUs: micros(Number(row.produced_end)),
    receivedFirstMs: millis(Number(row.received_first)),
    receivedLastMs: millis(Number(row.received_last)),
    firstSequence: Number(row.first_sequence),
    lastSequence: Number(row.last_sequence),
    bytes: Number(row.bytes),
    totals: readTotals(row.totals as Uint8Array),
  };
}

export function packRowOf(row: Row): PackRow {
  const stream = String(row.stream_name);
  return {
    stream,
    packId: packIdOf(stream, row),
    trackSetId: String(row.track_set_id),
    node: row.node_name === null ? "" : String(row.node_name),
    sealed: Number(row.state) !== OPEN,
    archived: Number(row.state) === ARCHIVED,
    producedStartUs: Number(row.produced_start),
    producedEndUs: Number(row.produced_end),
    receivedFirstMs: Number(row.received_first),
    receivedLastMs: Number(row.received_last),
    firstSequence: Number(row.first_sequence),
    lastSequence: Number(row.last_sequence),
    bytes: Number(row.bytes),
    listOffset: Number(row.list_offset),
    listBytes: Number(row.list_bytes),
    totals: row.totals as Uint8Array,
    fragments: row.fragments === null ? undefined : (row.fragments as Uint8Array),
  };
}
