/** Objects in memory: the plainest store there can be, and the reference of the contract. */
import { readFile } from "node:fs/promises";
import { checkObjectKey } from "../../src/archive/store/object-key.ts";
import type { ObjectStore, StoredObject } from "../../src/archive/store/object-store.ts";
import { IDENTITY_OBJECT } from "../../src/archive/store/store-identity.ts";
import { Fault } from "../../src/base/errors.ts";

export class MemoryStore implements ObjectStore {
  readonly name: string = "memory";
  readonly remote: boolean = false;
  readonly objects = new Map<string, Uint8Array>();

  async put(key: string, localPath: string, bytes: number): Promise<void> {
    checkObjectKey(key);
    const local = await readFile(localPath).catch(() => undefined);
    const there = this.objects.get(key);
    if (local === undefined && there === undefined)
      throw new Fault("store.not-found", `there is no file ${localPath}`);
    if (local !== undefined && local.length !== bytes)
      throw new Fault("store.corrupt", `${localPath} has ${local.length} bytes, not ${bytes}`);
    const same = there === undefined || there.length === bytes;
    if (!same || (there !== undefined && local !== undefined && !local.equals(there)))
      throw new Fault("store.conflict", `${key} is there with other bytes`);
    if (local !== undefined) this.objects.set(key, local);
  }

  async read(key: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    checkObjectKey(key);
    signal?.throwIfAborted();
    const found = this.objects.get(key);
    if (found === undefined) throw new Fault("store.not-found", `there is no object ${key}`);
    if (offset + size > found.length)
      throw new Fault("store.corrupt", `${key} ends before byte ${offset + size}`);
    return found.slice(offset, offset + size);
  }

  async size(key: string): Promise<number | undefined> {
    checkObjectKey(key);
    return this.objects.get(key)?.length;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkObjectKey(key);
    for (const key of keys) this.objects.delete(key);
  }

  async *list(prefix: string): AsyncGenerator<readonly StoredObject[]> {
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && key !== IDENTITY_OBJECT)
      .sort();
    for (let i = 0; i < keys.length; i += 100)
      yield keys
        .slice(i, i + 100)
        .map((key) => ({ key, bytes: this.objects.get(key)?.length ?? 0 }));
  }

  async space(): Promise<undefined> {
    return undefined;
  }

  async probe(): Promise<void> {}

  async close(): Promise<void> {}
}
