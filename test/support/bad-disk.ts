/** Files of which some cannot be read, for as long as the test wants: EIO as a bad sector gives it, EACCES as a wrong owner does. */
import { type Files, nodeFiles, type OpenFile, storeFault } from "../../src/archive/files.ts";
import { checkFileSize, filePieces } from "../../src/archive/store/file-pieces.ts";
import { FarStore } from "./far-store.ts";

export interface BadFiles {
  readonly files: Files;
  /** These paths cannot be opened (`open`) or read (`read`) now. */
  bad(at: "open" | "read", path: (path: string) => boolean): void;
  good(): void;
}

export function badFiles(code: "EIO" | "EACCES" = "EIO"): BadFiles {
  let trouble: { at: "open" | "read"; path: (path: string) => boolean } | undefined;
  const error = () => storeFault(Object.assign(new Error(code), { code }), "by plan", true);
  const guard = (file: OpenFile, path: string): OpenFile =>
    new Proxy(file, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        if (name !== "read") return value.bind(target);
        return async (...args: readonly unknown[]) => {
          if (trouble?.path(path)) throw error();
          return Reflect.apply(value, target, args);
        };
      },
    });
  const files: Files = {
    ...nodeFiles,
    open: async (path, how) => {
      if (trouble?.at === "open" && trouble.path(path)) throw error();
      return guard(await nodeFiles.open(path, how), path);
    },
  };
  return {
    files,
    bad: (at, path) => {
      trouble = { at, path };
    },
    good: () => {
      trouble = undefined;
    },
  };
}

/** A far store that reads what it is given through these files, as a real one does. */
export class ReadingStore extends FarStore {
  readonly #files: Files;

  constructor(files: Files) {
    super();
    this.#files = files;
  }

  override async put(key: string, localPath: string, bytes: number): Promise<void> {
    if ((await this.#files.size(localPath)) !== undefined) {
      await checkFileSize(this.#files, localPath, bytes);
      for await (const _ of filePieces(this.#files, localPath, bytes));
    }
    return super.put(key, localPath, bytes);
  }
}
