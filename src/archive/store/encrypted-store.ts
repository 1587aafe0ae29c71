/**
 * Encrypts before a store and decrypts behind it: whoever has the store has nothing without the master
 * key, and cannot change an object unnoticed. Sizes, offsets and keys are those of the plaintext.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Fault } from "../../base/errors.ts";
import type { Files } from "../files.ts";
import {
  CHUNK_BYTES,
  ChunkCipher,
  chunkCount,
  type DataKey,
  type EncryptedHeader,
  HEADER_BYTES,
  newHeader,
  parseHeader,
  plainSize,
  SEALED_CHUNK_BYTES,
  sealedSize,
} from "./encrypted-object.ts";
import { checkFileSize, fileDigest } from "./file-pieces.ts";
import { checkObjectKey } from "./object-key.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { isKeyObject, StreamKeys } from "./stream-keys.ts";

export interface EncryptedStoreOptions {
  readonly inner: ObjectStore;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** For encrypted copies on their way; on the disk of a folder store. Nobody else's: it is emptied. */
  readonly tempDir: string;
  readonly files: Files;
  /** Nothing is put: the folder is left as it is. */
  readonly readOnly?: boolean;
}

interface Opened {
  readonly header: EncryptedHeader;
  readonly cipher: ChunkCipher;
}

/** Objects whose header is remembered. */
const MAX_OPENED = 4096;

export class EncryptedStore implements ObjectStore {
  readonly name: string;
  readonly remote: boolean;
  readonly #inner: ObjectStore;
  readonly #files: Files;
  readonly #tempDir: string;
  readonly #keys: StreamKeys;
  readonly #opened = new Map<string, Opened>();

  private constructor({ inner, masterKey, tempDir, files }: EncryptedStoreOptions) {
    this.name = `${inner.name}, encrypted`;
    this.remote = inner.remote;
    this.#inner = inner;
    this.#files = files;
    this.#tempDir = tempDir;
    const putText = (key: string, text: string) => this.#putText(key, text);
    this.#keys = new StreamKeys({ store: inner, masterKey, putText });
  }

  /** Makes no request of the store. Throws `store.unavailable`. */
  static async open(options: EncryptedStoreOptions): Promise<EncryptedStore> {
    const { files, tempDir, readOnly = false } = options;
    if (readOnly) return new EncryptedStore(options);
    await files.makeDir(tempDir);
    for (const name of await files.list(tempDir)) await files.remove(join(tempDir, name));
    return new EncryptedStore(options);
  }

  async put(key: string, localPath: string, bytes: number): Promise<void> {
    checkPlainKey(key);
    if ((await this.#files.size(localPath)) === undefined) return this.#wasPut(key, bytes);
    await checkFileSize(this.#files, localPath, bytes);
    const dataKey = await this.#keys.getOrMake(streamOf(key));
    const digested = { path: localPath, bytes, algorithm: "sha256" } as const;
    const sha256 = await fileDigest(this.#files, digested);
    const header = newHeader(dataKey, { key, size: bytes, sha256 });
    const cipher = new ChunkCipher(dataKey, key, header);
    await this.#throughTemp(async (path) => {
      await this.#encrypt(localPath, path, { header, cipher });
      await this.#inner.put(key, path, sealedSize(bytes));
    });
  }

  async #wasPut(key: string, bytes: number): Promise<void> {
    const size = await this.size(key);
    if (size === undefined)
      throw new Fault("store.not-found", `there is neither a file for ${key} nor the object`);
    if (size !== bytes) throw new Fault("store.conflict", `${key} is there with another size`);
  }

  async #encrypt(from: string, to: string, { header, cipher }: Opened): Promise<void> {
    const plain = await this.#files.open(from, "read");
    try {
      await this.#write(to, async function* () {
        yield header.bytes;
        for (let i = 0; i < chunkCount(header.size); i++)
          yield cipher.seal(i, await plain.read(i * CHUNK_BYTES, CHUNK_BYTES));
      });
    } finally {
      await plain.close();
    }
  }

  async #write(path: string, pieces: () => AsyncIterable<Uint8Array>): Promise<void> {
    const file = await this.#files.open(path, "create");
    try {
      let at = 0;
      for await (const piece of pieces()) {
        await file.write([piece], at);
        at += piece.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #putText(key: string, text: string): Promise<void> {
    const bytes = Buffer.from(text, "utf8");
    await this.#throughTemp(async (path) => {
      await this.#write(path, async function* () {
        yield bytes;
      });
      await this.#inner.put(key, path, bytes.length);
    });
  }

  async #throughTemp(work: (path: string) => Promise<void>): Promise<void> {
    const path = join(this.#tempDir, randomUUID());
    try {
      await work(path);
    } finally {
      await this.#files.remove(path).catch(() => {});
    }
  }

  async read(key: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    checkPlainKey(key);
    const known = this.#opened.get(key);
    if (known !== undefined) {
      try {
        return await this.#decrypt(key, known, { offset, size, signal });
      } catch (error) {
        // Another process may have deleted it and put another one.
        if (!(error instanceof Fault) || error.code !== "store.corrupt") throw error;
      }
    }
    const opened = await this.#open(key, signal);
    return this.#decrypt(key, opened, { offset, size, signal });
  }

  async #open(key: string, signal: AbortSignal | undefined): Promise<Opened> {
    const header = parseHeader(key, await this.#inner.read(key, 0, HEADER_BYTES, signal));
    const dataKey = await this.#keys.get(streamOf(key));
    checkKeyId(key, dataKey, header);
    const opened = { header, cipher: new ChunkCipher(dataKey, key, header) };
    const [oldest] = this.#opened.keys();
    if (this.#opened.size >= MAX_OPENED && oldest !== undefined) this.#opened.delete(oldest);
    this.#opened.set(key, opened);
    return opened;
  }

  async #decrypt(
    key: string,
    { header, cipher }: Opened,
    range: { offset: number; size: number; signal: AbortSignal | undefined },
  ): Promise<Uint8Array> {
    const { offset, size, signal } = range;
    if (offset + size > header.size)
      throw new Fault("store.corrupt", `${key} ends before byte ${offset + size}`, { at: offset });
    if (size === 0) return new Uint8Array();
    const first = Math.floor(offset / CHUNK_BYTES);
    const last = Math.floor((offset + size - 1) / CHUNK_BYTES);
    const start = HEADER_BYTES + first * SEALED_CHUNK_BYTES;
    const end = Math.min(sealedSize(header.size), start + (last - first + 1) * SEALED_CHUNK_BYTES);
    const sealed = await this.#inner.read(key, start, end - start, signal);
    const out = Buffer.allocUnsafeSlow(size);
    for (let i = first; i <= last; i++) {
      const at = (i - first) * SEALED_CHUNK_BYTES;
      const plain = cipher.open(i, sealed.subarray(at, at + SEALED_CHUNK_BYTES));
      const skip = Math.max(0, offset - i * CHUNK_BYTES);
      const place = Math.max(0, i * CHUNK_BYTES - offset);
      out.set(plain.subarray(skip, skip + size - place), place);
    }
    return out;
  }

  async size(key: string): Promise<number | undefined> {
    checkPlainKey(key);
    const bytes = await this.#inner.size(key);
    return bytes === undefined ? undefined : plainSizeOf(key, bytes);
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkPlainKey(key);
    await this.#inner.delete(keys);
    for (const key of keys) this.#opened.delete(key);
  }

  async *list(prefix: string): AsyncGenerator<readonly StoredObject[]> {
    for await (const page of this.#inner.list(prefix)) {
      const plain = page
        .filter(({ key }) => !isKeyObject(key))
        // What cannot be an encrypted object is named, too: whoever lists wants to know of it.
        .map(({ key, bytes }) => ({ key, bytes: plainSize(bytes) ?? 0 }));
      if (plain.length > 0) yield plain;
    }
  }

  space(): ReturnType<ObjectStore["space"]> {
    return this.#inner.space();
  }

  async probe(): Promise<void> {
    await this.#inner.probe();
    await this.#keys.check();
  }

  /**
   * Makes everything of a stream unreadable for good by deleting its key; its objects stay where they are.
   * What is put afterwards gets a new key. Throws `store.unavailable`.
   */
  async eraseKey(stream: string): Promise<void> {
    await this.#keys.erase(stream);
    for (const key of this.#opened.keys()) if (streamOf(key) === stream) this.#opened.delete(key);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function checkPlainKey(key: string): void {
  checkObjectKey(key);
  if (isKeyObject(key)) throw new Fault("store.not-found", `${key} is kept for encryption`);
}

/** Keys begin with their stream. */
function streamOf(key: string): string {
  return key.split("/", 1)[0] ?? "";
}

function plainSizeOf(key: string, bytes: number): number {
  const size = plainSize(bytes);
  if (size === undefined)
    throw new Fault("store.corrupt", `${key} has ${bytes} bytes, which no encrypted object has`);
  return size;
}

function checkKeyId(key: string, dataKey: DataKey, header: EncryptedHeader): void {
  if (!Buffer.from(dataKey.id).equals(header.keyId))
    throw new Fault("store.not-found", `the key of ${key} was erased`);
}
