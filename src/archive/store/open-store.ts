/** The store of the settings: a folder or a bucket, encrypted or not, with read-ahead where it is far. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Files } from "../files.ts";
import { EncryptedStore } from "./encrypted-store.ts";
import { FolderStore } from "./folder-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { ReadAheadStore } from "./read-ahead.ts";
import type { S3Options, S3Store } from "./s3-store.ts";
import { claimStore, storeIdentity } from "./store-identity.ts";
import { MASTER_OBJECT } from "./stream-keys.ts";

export interface StoreSettings {
  /** Undefined: the folder `packs` in the data folder. */
  readonly s3?: Omit<S3Options, "files"> | undefined;
  /** A file with 32 bytes, or 64 hexadecimal digits; undefined: no encryption. */
  readonly encryptionKeyFile?: string | undefined;
}

export interface OpenedStore {
  readonly store: ObjectStore;
  /** The same without read-ahead: for one small read of each of many objects, which are whole blocks else. */
  readonly direct: ObjectStore;
  /** The archive whose the store is. Undefined: a folder, or nobody's yet. Throws `store.unavailable`, `config.bad`. */
  identity(): Promise<string | undefined>;
  /** Makes it this archive's, with the help of a file in this folder. Undefined: a folder. Throws `config.bad`, `store.*`. */
  readonly claim: ((uuid: string, dir: string) => Promise<void>) | undefined;
  /** Erases a stream by its key. Undefined when there is no encryption. Throws `store.unavailable`. */
  readonly eraseKey: ((stream: string) => Promise<void>) | undefined;
}

interface OpenStoreParts {
  /** Of this process alone, on the disk of the folder store. */
  readonly dataDir: string;
  readonly files: Files;
  readonly log: Logger;
}

/**
 * Makes the bucket when it is not there. A store that does not answer is no reason not to start: packs
 * wait for it. Throws `config.bad`; for a folder also `store.unavailable`.
 */
export async function openStore(
  { s3, encryptionKeyFile }: StoreSettings,
  { dataDir, files, log }: OpenStoreParts,
): Promise<OpenedStore> {
  const masterKey = encryptionKeyFile === undefined ? undefined : readMasterKey(encryptionKeyFile);
  const bucket = s3 === undefined ? undefined : await openBucket({ ...s3, files });
  const plain = bucket ?? new FolderStore({ root: join(dataDir, "packs"), files });
  const tempDir = join(dataDir, "encrypting");
  const encrypted =
    masterKey === undefined
      ? undefined
      : await EncryptedStore.open({ inner: plain, masterKey, tempDir, files });
  const whole = encrypted ?? plain;
  try {
    await bucket?.makeBucket();
    await whole.probe();
    if (encrypted === undefined) await checkPlain(plain);
  } catch (error) {
    const isAway = error instanceof Fault && error.code === "store.unavailable";
    if (!isAway || !plain.remote) {
      await whole.close();
      throw error;
    }
    log.warn("store.away", { store: plain.name, message: error.message });
  }
  const near = plain.remote ? new ReadAheadStore({ inner: whole }) : undefined;
  const eraseKey = async (stream: string) => {
    await encrypted?.eraseKey(stream);
    near?.forget(`${stream}/`);
  };
  const store = near ?? whole;
  const claim = (uuid: string, dir: string) => claimStore(plain, uuid, { files, dir });
  return {
    ...{ store, direct: whole, eraseKey: encrypted === undefined ? undefined : eraseKey },
    identity: async () => (plain.remote ? storeIdentity(plain) : undefined),
    claim: plain.remote ? claim : undefined,
  };
}

/** The client takes a while to load, so only those who use it load it. */
async function openBucket(options: S3Options): Promise<S3Store> {
  const { S3Store: Store } = await import("./s3-store.ts");
  return new Store(options);
}

async function checkPlain(store: ObjectStore): Promise<void> {
  if ((await store.size(MASTER_OBJECT)) !== undefined)
    throw new Fault("config.bad", `encryptionKeyFile: ${store.name} is encrypted, so it is needed`);
}

/** Throws `config.bad`. Never repeats what is in the file. */
function readMasterKey(path: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Fault("config.bad", `encryptionKeyFile: ${message}`, { cause });
  }
  const digits = bytes.toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(digits)) return Buffer.from(digits, "hex");
  if (bytes.length === 32) return bytes;
  throw new Fault(
    "config.bad",
    `encryptionKeyFile: ${path} must have 32 bytes, or 64 hexadecimal digits`,
  );
}
