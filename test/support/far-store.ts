/** A store like a remote one: `put` copies, and it can be away. Keeps its objects in memory. */
import { readFile } from "node:fs/promises";
import type { ObjectStore, StoredObject } from "../../src/archive/store/object-store.ts";
import { Fault } from "../../src/base/errors.ts";

export class FarStore implements ObjectStore {
  readonly name = "far";
  readonly remote = true;
  readonly objects = new Map<string, Uint8Array>();
  /** Every request fails. */
  down = false;
  puts = 0;

  async put(key: string, localPath: string, bytes: number): Promise<void> {
    this.puts++;
    this.#reach();
    const there = this.objects.get(key);
    const file = await readFile(localPath).catch(() => undefined);
    if (file === undefined && there?.length === bytes) return;
    if (file === undefined) throw new Fault("store.not-found", `${localPath} is gone`);
    if (there !== undefined && Buffer.compare(there, file) !== 0)
      throw new Fault("store.conflict", `${key} is another object`);
    this.objects.set(key, Uint8Array.from(file));
  }

  async read(key: string, offset: number, size: number): Promise<Uint8Array> {
    this.#reach();
    const object = this.objects.get(key);
    if (object === undefined) throw new Fault("store.not-found", `no ${key}`);
    if (offset + size > object.length) throw new Fault("store.corrupt", `${key} is too short`);
    return object.slice(offset, offset + size);
  }

  async size(key: string): Promise<number | undefined> {
    this.#reach();
    return this.objects.get(key)?.length;
  }

  async delete(keys: readonly string[]): Promise<void> {
    this.#reach();
    for (const key of keys) this.objects.delete(key);
  }

  async *list(prefix: string): AsyncGenerator<readonly StoredObject[]> {
    this.#reach();
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    yield keys.map((key) => ({ key, bytes: this.objects.get(key)?.length ?? 0 }));
  }

  async space(): Promise<undefined> {
    return undefined;
  }

  async probe(): Promise<void> {
    this.#reach();
  }

  async close(): Promise<void> {}

  #reach(): void {
    if (this.down) throw new Fault("store.unavailable", "the far store is away");
  }
}
