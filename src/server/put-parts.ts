import type { Parts } from "./parts.ts";

/** What every way of pushing media needs. */
export function putParts(parts: Pick<Parts, "config" | "clock" | "log" | "archive" | "ingest">) {
  return {
    ingest: parts.ingest,
    catalogue: parts.archive,
    createMissing: parts.config.createMissing,
    defaultRetentionHours: parts.config.defaultRetentionHours,
    clock: parts.clock,
    log: parts.log,
  };
}
