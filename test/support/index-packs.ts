/** Rows of archived packs straight into an index, for tests of what comes after: no media, no files. */
import type { FragmentIndex, PackRow } from "../../src/archive/index/fragment-index.ts";
import { writeTotals } from "../../src/archive/index/fragment-list.ts";
import { formatPackId } from "../../src/archive/pack-id.ts";
import { millis } from "../../src/base/units.ts";

export interface PackSpec {
  /** Server time of its first fragment; the producer's clock says the same unless it is given. */
  readonly atMs: number;
  readonly producedMs?: number;
  /** Default: a minute. */
  readonly lengthMs?: number;
  /** Default 1000. */
  readonly bytes?: number;
  /** Default: archived. */
  readonly state?: "open" | "sealed" | "archived";
}

const TRACK_SET = {
  id: "ab".repeat(16),
  timestampScaleNs: 1_000_000,
  tracksElement: Uint8Array.of(1),
};
const DAY_MS = 86_400_000;

export async function makeStream(
  index: FragmentIndex,
  name: string,
  rules: { retentionHours?: number; retentionBytes?: number } = {},
): Promise<void> {
  const { retentionHours = 24, retentionBytes = 0 } = rules;
  const createdMs = millis(0);
  await index.createStream({ name, createdMs, retentionHours, retentionBytes, version: "1" });
}

/** Adds them in one transaction; sequences go on from `firstSequence`. Returns their ids in the same order. */
export async function addPacks(
  index: FragmentIndex,
  stream: string,
  specs: readonly PackSpec[],
  firstSequence = 1,
): Promise<string[]> {
  const rows = specs.map((spec, i) => rowOf(stream, spec, firstSequence + i));
  await index.commit({ rows, trackSets: [TRACK_SET] });
  return rows.map(({ packId }) => packId);
}

function rowOf(stream: string, spec: PackSpec, sequence: number): PackRow {
  const { atMs, lengthMs = 60_000, bytes = 1000, state = "archived" } = spec;
  const producedMs = spec.producedMs ?? atMs;
  const day = Math.floor(atMs / DAY_MS);
  return {
    ...{ stream, trackSetId: TRACK_SET.id, node: "", bytes, listOffset: 0, listBytes: 0 },
    packId: formatPackId({ stream, day, serial: sequence, salt: sequence % 1000 }),
    sealed: state !== "open",
    archived: state === "archived",
    producedStartUs: producedMs * 1000,
    producedEndUs: (producedMs + lengthMs) * 1000,
    receivedFirstMs: atMs,
    receivedLastMs: atMs + lengthMs - 2000,
    firstSequence: sequence,
    lastSequence: sequence,
    totals: writeTotals({ fragments: 1, blocksBytes: bytes, tracks: [] }),
    fragments: Uint8Array.of(1),
  };
}

/** Every method counted, and the rows that lists answered with. */
export function countingIndex(index: FragmentIndex): {
  index: FragmentIndex;
  counts: { calls: number; rows: number; byMethod: Map<string, number> };
} {
  const counts = { calls: 0, rows: 0, byMethod: new Map<string, number>() };
  const counted = new Proxy(index, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function" || typeof name !== "string") return method;
      return async (...args: unknown[]) => {
        counts.calls++;
        counts.byMethod.set(name, (counts.byMethod.get(name) ?? 0) + 1);
        const answer: unknown = await method.apply(target, args);
        if (Array.isArray(answer)) counts.rows += answer.length;
        return answer;
      };
    },
  });
  return { index: counted, counts };
}
