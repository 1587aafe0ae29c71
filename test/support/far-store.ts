/** A store like a remote one: `put` copies, and it can be away. Keeps its objects in memory. */
import type { StoredObject } from "../../src/archive/store/object-store.ts";
import { Fault } from "../../src/base/errors.ts";
import { MemoryStore } from "./memory-store.ts";

export class FarStore extends MemoryStore {
  override readonly name = "far";
  override readonly remote = true;
  /** Every request fails. */
  down = false;
  puts = 0;

  override async put(key: string, localPath: string, bytes: number): Promise<void> {
    this.puts++;
    this.#reach();
    return super.put(key, localPath, bytes);
  }

  override async read(key: string, offset: number, size: number): Promise<Uint8Array> {
    this.#reach();
    return super.read(key, offset, size);
  }

  override async size(key: string): Promise<number | undefined> {
    this.#reach();
    return super.size(key);
  }

  override async delete(keys: readonly string[]): Promise<void> {
    this.#reach();
    return super.delete(keys);
  }

  override async *list(prefix: string): AsyncGenerator<readonly StoredObject[]> {
    this.#reach();
    yield* super.list(prefix);
  }

  override async probe(): Promise<void> {
    this.#reach();
  }

  #reach(): void {
    if (this.down) throw new Fault("store.unavailable", "the far store is away");
  }
}
