/**
 * Small documents that other parts of the server keep beside the packs, shared by all nodes: who may do what,
 * checkpoints of consumers, jobs. What is in them is the business of who owns the kind.
 */

/** Records of streams that were deleted and whose key is to be erased; the id is the name. */
export const ERASE_KEY = "erase-key";

export interface RecordRow {
  readonly kind: string;
  /** Unique in its kind. */
  readonly id: string;
  /** JSON object. */
  readonly body: string;
  /** 1 when it was made; one more with every change. */
  readonly version: number;
}

export interface IndexRecords {
  record(kind: string, id: string): Promise<RecordRow | undefined>;
  /** By id, after this one; at most `limit`. */
  records(kind: string, after: string, limit: number): Promise<readonly RecordRow[]>;
  /**
   * Writes one and returns its new version. With `version` only when it is this one now (0: when there is none):
   * else throws `record.conflict` and writes nothing.
   */
  putRecord(row: Omit<RecordRow, "version">, version?: number): Promise<number>;
  /** Whether there was one. */
  deleteRecord(kind: string, id: string): Promise<boolean>;
}
