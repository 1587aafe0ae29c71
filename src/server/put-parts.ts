import type { Parts } from "./parts.ts";

/** What every way of pushing media needs. */
export function putParts(parts: Omit<Parts, "pulls">) {
  return {
    ingest: parts.ingest,
    access: parts.access,
    catalogue: parts.archive,
    createMissing: parts.config.createMissing,
    defaultRetentionHours: parts.config.defaultRetentionHours,
    clock: parts.clock,
    log: parts.log,
  };
}
