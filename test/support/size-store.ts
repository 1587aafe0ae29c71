/** An object store that remembers sizes alone, whose free space and failures a test decides: no disk can be told to be nearly full. */

import type { ObjectStore } from "../../src/archive/store/object-store.ts";
import { Fault } from "../../src/base/errors.ts";

export class SizeStore implements ObjectStore {
  readonly name = "memory";
  readonly remote = false;
  /** Bytes by key. */
  readonly objects = new Map<string, number>();
  /** Undefined: no limit. */
  total: number | undefined;
  /** The next deletions fail. */
  failing = false;
  deleteCalls = 0;

  async put(key: string, _localPath: string, bytes: number): Promise<void> {
    this.objects.set(key, bytes);
  }

  async read(key: string, _offset: number, size: number): Promise<Uint8Array> {
    if (!this.objects.has(key)) throw new Fault("store.not-found", `no ${key}`);
    return new Uint8Array(size);
  }

  async size(key: string): Promise<number | undefined> {
    return this.objects.get(key);
  }

  async delete(keys: readonly string[]): Promise<void> {
    this.deleteCalls++;
    if (this.failing) throw new Fault("store.unavailable", "the store is away");
    for (const key of keys) this.objects.delete(key);
  }

  async *list(prefix: string) {
    for (const [key, bytes] of this.objects) if (key.startsWith(prefix)) yield [{ key, bytes }];
  }

  async space() {
    const { total } = this;
    if (total === undefined) return undefined;
    const used = [...this.objects.values()].reduce((sum, bytes) => sum + bytes, 0);
    return { total, free: total - used };
  }

  async probe(): Promise<void> {}
  async close(): Promise<void> {}
}
