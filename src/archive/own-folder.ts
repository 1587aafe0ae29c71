/**
 * Whether the data folder is still the one this archive began with (P6): a mount that went away, or another disk in its place,
 * must not be filled. Looked at before a pack is made and at an interval.
 */
import { Fault } from "../base/errors.ts";
import type { Files } from "./files.ts";
import { identityPath, parseIdentity } from "./identity.ts";
import { readWhole } from "./small-file.ts";

export class OwnFolder {
  readonly #files: Files;
  readonly #dataDir: string;
  readonly #uuid: string;

  constructor(files: Files, dataDir: string, uuid: string) {
    this.#files = files;
    this.#dataDir = dataDir;
    this.#uuid = uuid;
  }

  /** Why nothing may be written there; undefined: it is ours, or the disk cannot say and will fail where it is written to. */
  async trouble(): Promise<string | undefined> {
    const path = identityPath(this.#dataDir);
    let text: string;
    try {
      text = await readWhole(this.#files, path);
    } catch (error) {
      const missing = error instanceof Fault && error.code === "store.not-found";
      return missing ? `${path} is not there: is the disk mounted?` : undefined;
    }
    if (parseIdentity(text) === this.#uuid) return undefined;
    return `another folder is in the place of ${this.#dataDir}: its identity is not ours`;
  }

  /** Throws `store.unavailable`. */
  async check(): Promise<void> {
    const trouble = await this.trouble();
    if (trouble !== undefined) throw new Fault("store.unavailable", trouble);
  }
}
