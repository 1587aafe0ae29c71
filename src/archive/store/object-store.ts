/** Where sealed packs live. What we need of a store, not what a vendor offers: test/contract/object-store.test.ts. */

export interface ObjectStore {
  /** Words for logs and for the system page: `folder /data/packs`, `s3 http://host:port/bucket`. No secrets. */
  readonly name: string;
  /** True: `put` copies over a network, takes long and may fail for days. Packs wait for it in the spool. */
  readonly remote: boolean;
  /**
   * Makes a whole local file of `bytes` bytes the object `key`, verified (size, checksum): afterwards the object survives a
   * power cut. The local file may be gone then (folder: it is moved) or not; the caller removes it. Doing
   * it again after it was done is fine (a lost reply), also when the local file is gone. An object is written once: another
   * one under that key is left as it is, and that is `store.conflict`. Others: `store.unavailable`,
   * `store.full`, `store.not-found` (neither file nor object).
   */
  put(key: string, localPath: string, bytes: number): Promise<void>;
  /** Exactly `size` bytes from `offset`. Throws `store.not-found`, `store.corrupt` (object too short), `store.unavailable`. */
  read(key: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Its size, or undefined when it is not there. */
  size(key: string): Promise<number | undefined>;
  /** Fine when they are already gone. Many at once cost few requests. */
  delete(keys: readonly string[]): Promise<void>;
  /** Keys that begin with `prefix`, in ascending order, a few hundred at a time. */
  list(prefix: string): AsyncIterable<readonly StoredObject[]>;
  /** Room on its disk, bytes; undefined when it has no limit that can be asked for. */
  space(): Promise<{ readonly free: number; readonly total: number } | undefined>;
  /** One cheap request that succeeds only when it can be used. Throws `store.unavailable`, `config.bad` (keys refused, no bucket). */
  probe(): Promise<void>;
  close(): Promise<void>;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}
