/** Where sealed packs live. What we need of a store, not what a vendor offers. */

export interface ObjectStore {
  /**
   * Takes over a whole local file as the object `key`: afterwards the object survives a power cut. The
   * local file may be gone then. Doing it again after it was done is fine (a lost reply).
   */
  seal(key: string, localPath: string): Promise<void>;
  /** Exactly `size` bytes from `offset`. Throws `store.not-found`, `store.corrupt` (object too short). */
  read(key: string, offset: number, size: number): Promise<Uint8Array>;
  exists(key: string): Promise<boolean>;
  /** Fine when it is already gone. */
  delete(key: string): Promise<void>;
}
