import { onlyHere } from "../ingest/placement.ts";
import type { Parts } from "./parts.ts";

/** What every way of pushing media needs. */
export function putParts(parts: Omit<Parts, "pulls">) {
  return {
    ingest: parts.ingest,
    access: parts.access,
    placement: parts.nodes?.placement ?? onlyHere,
    catalogue: parts.archive,
    createMissing: parts.config.createMissing,
    defaultRetentionHours: parts.config.defaultRetentionHours,
    clock: parts.clock,
    log: parts.log,
  };
}
