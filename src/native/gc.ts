/** V8 settings for a process that media passes through (docs/decisions/0006-gc-and-external-memory.md). */
import { setFlagsFromString } from "node:v8";

/**
 * Media passes through as external buffers. By default every 64 MB of them start a full collection of the
 * heap, and later the limit is set too tight: both cost more than all the parsing. Call it before any media comes.
 */
export function tuneGarbageCollection(): void {
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  setFlagsFromString("--heap-growing-percent=300");
}
