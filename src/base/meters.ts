/**
 * What ingest and archive count, per fragment, commit, file or object: never per frame. Calls never wait and never throw.
 * Which metric each feeds: docs/reference/metrics.md. Browser-safe.
 */
export interface Meters {
  /** A producer's session begins or ends. */
  session(change: 1 | -1): void;
  /** A whole fragment is here. `bytes` of its blocks; `skewMs`: server time minus the producer's time of its end. */
  fragmentReceived(stream: string, bytes: number, skewMs: number): void;
  /** Its PERSISTED ack goes out, so long after RECEIVED, ms. */
  fragmentPersisted(stream: string, ackMs: number): void;
  /** It could not be stored; `code` of the fault. */
  fragmentRefused(code: string): void;
  /** One transaction of the index with so many pack rows is durable after `ms`. */
  commit(rows: number, ms: number): void;
  commitFailed(): void;
  /** One fsync of a pack took `ms`. */
  fsync(ms: number): void;
  packSealed(bytes: number): void;
  /** A file, the index or the object store failed; `kind` is the code of the fault. */
  storeError(kind: string): void;
  /** One try to bring a pack to the object store is over, after `ms`. */
  upload(result: "ok" | "failed", bytes: number, ms: number): void;
  removed(cause: string, packs: number, bytes: number): void;
  gap(cause: string, lengthUs: number): void;
}

/** Counts nothing. */
export const noMeters: Meters = {
  session: () => {},
  fragmentReceived: () => {},
  fragmentPersisted: () => {},
  fragmentRefused: () => {},
  commit: () => {},
  commitFailed: () => {},
  fsync: () => {},
  packSealed: () => {},
  storeError: () => {},
  upload: () => {},
  removed: () => {},
  gap: () => {},
};
