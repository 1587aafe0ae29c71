/** Images into the object store, which takes local files. */
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectStore } from "../../archive/store/object-store.ts";
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { ImageGeneration } from "./generation-config.ts";

export class ImageFiles {
  readonly #store: ObjectStore;
  readonly #dir: string;

  /** `dir`: on the disk of a folder store; nobody else's, it is emptied. */
  constructor(store: ObjectStore, dir: string) {
    this.#store = store;
    this.#dir = dir;
  }

  async open(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
    await mkdir(this.#dir, { recursive: true });
  }

  /** Again is fine: it is the same picture. Throws `store.*`. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#dir, key.replaceAll("/", "_").slice(-200));
    try {
      const file = await open(path, "w");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#store.put(key, path, bytes.length);
    } catch (error) {
      // Made before a restart, by another ffmpeg.
      if (error instanceof Fault && error.code === "store.conflict") return;
      throw error;
    } finally {
      await rm(path, { force: true });
    }
  }
}

/** `images/…/cam/2026/11/23/1795404383000-42.jpg`: the time of the sample on the configuration's clock, the fragment's sequence. */
export function imageKey(
  { prefix, extension }: ImageGeneration,
  timeMs: number,
  sequence: number,
): string {
  const day = isoTime(timeMs).slice(0, 10).replaceAll("-", "/");
  return `${prefix}${day}/${timeMs}-${sequence}.${extension}`;
}
