/** Every method of the port by its name, as steps. */
import type { FragmentIndex } from "../fragment-index.ts";
import { archived } from "./archived.ts";
import { chain } from "./chains.ts";
import { commit } from "./commit.ts";
import { deleteHook, events, hooks, moveHook, purgeEvents, putHook } from "./events.ts";
import { exportRows, importRows } from "./export.ts";
import { addHold, endHold, holds } from "./holds.ts";
import { stretches } from "./hours.ts";
import { freeLease, lease, leases, nodes, now, putNode, renewLeases, takeLease } from "./leases.ts";
import { addAudit, audit, gaps, replaceGaps } from "./ledger.ts";
import { lastId, trackSet } from "./numbers.ts";
import { extent, openPacks, pack, packs, thin, unarchived, unarchivedSum } from "./packs.ts";
import { deleteRecord, putRecord, record, records } from "./records.ts";
import { forgetGarbage, garbage, oldPacks, remove } from "./removal.ts";
import type { Dialect, Step } from "./step.ts";
import {
  createStream,
  deleteStream,
  lastSequence,
  meta,
  stream,
  streams,
  updateStream,
} from "./streams.ts";

type Port = Omit<FragmentIndex, "close" | "tidy">;
export type IndexMethod = keyof Port;

export type Operations = {
  readonly [Name in IndexMethod]: (
    ...args: Parameters<Port[Name]>
  ) => Step<Awaited<ReturnType<Port[Name]>>>;
};

export function operations(db: Dialect): Operations {
  return {
    ...{ meta, createStream, stream, streams, lastSequence },
    updateStream: (...args) => updateStream(db, ...args),
    deleteStream: (...args) => deleteStream(db, ...args),
    commit: (all) => commit(db, all),
    ...{
      archived,
      packs,
      chain,
      stretches,
      pack,
      openPacks,
      unarchived,
      unarchivedSum,
      trackSet,
      extent,
      thin,
    },
    ...{ oldPacks, garbage, forgetGarbage, gaps, replaceGaps, holds, addAudit, audit },
    remove: (removal) => remove(db, removal),
    addHold: (hold) => addHold(db, hold),
    endHold: (...args) => endHold(db, ...args),
    ...{ events, purgeEvents, putHook, hooks, deleteHook },
    lastEventId: () => lastId("events"),
    moveHook: (...args) => moveHook(db, ...args),
    now: () => now(db),
    takeLease: (...args) => takeLease(db, ...args),
    ...{ record, records, deleteRecord },
    putRecord: (...args) => putRecord(db, ...args),
    ...{ renewLeases, freeLease, lease, leases, putNode, nodes },
    exportRows,
    importRows: (...args) => importRows(db, ...args),
  };
}

/** Those that write nothing. */
const READS: ReadonlySet<string> = new Set<IndexMethod>([
  ...(["stream", "streams", "packs", "chain", "pack", "openPacks", "unarchived"] as const),
  ...(["unarchivedSum", "trackSet", "extent", "lastSequence", "oldPacks", "garbage"] as const),
  ...(["gaps", "holds", "audit", "events", "lastEventId", "hooks", "exportRows"] as const),
  ...(["now", "lease", "leases", "nodes", "record", "records", "stretches"] as const),
]);

export function isRead(method: IndexMethod): boolean {
  return READS.has(method);
}

/** The port over whatever runs one method. */
export function indexOver(
  call: (method: IndexMethod, args: readonly unknown[]) => Promise<unknown>,
  close: () => Promise<void>,
  tidy: FragmentIndex["tidy"] = async () => [],
): FragmentIndex {
  const names = Object.keys(operations(NO_DIALECT)) as IndexMethod[];
  const methods = names.map((name) => [name, (...args: readonly unknown[]) => call(name, args)]);
  return { ...(Object.fromEntries(methods) as Port), tidy, close };
}

/** For the names alone. */
const NO_DIALECT: Dialect = { forUpdate: "", forShare: "", greatest: "max", nowMs: "0" };
