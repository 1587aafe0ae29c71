/**
 * A data key per stream, kept in the store itself, wrapped by the master key. Whoever deletes a stream's
 * key object has erased all its media, wherever copies of them are.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { Fault } from "../../base/errors.ts";
import { type DataKey, KEY_ID_BYTES } from "./encrypted-object.ts";
import type { ObjectStore } from "./object-store.ts";

const FORMAT = 1;
const TAG_BYTES = 16;
/** Longer names do not fit into a file name with `.json` behind. */
const LONG_NAME = 200;
/** Says that a store is encrypted, and by which master key. */
export const MASTER_OBJECT = "encryption.json";

export interface StreamKeysOptions {
  readonly store: ObjectStore;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** Makes a small object of a text, as `put` of a store does. */
  readonly putText: (key: string, text: string) => Promise<void>;
}

export class StreamKeys {
  readonly #store: ObjectStore;
  readonly #masterKey: Uint8Array;
  readonly #putText: StreamKeysOptions["putText"];
  /** Says which master key it was without saying it. */
  readonly #masterId: string;
  readonly #known = new Map<string, DataKey>();
  readonly #making = new Map<string, Promise<DataKey>>();
  /** Rises with every erased key: what was loaded before is not remembered after. */
  #erasures = 0;
  #checked = false;

  constructor({ store, masterKey, putText }: StreamKeysOptions) {
    this.#store = store;
    this.#masterKey = masterKey;
    this.#putText = putText;
    const id = createHmac("sha256", masterKey).update("streambank master key id").digest("hex");
    this.#masterId = id.slice(0, 16);
  }

  /** Throws `config.bad`: objects were put with another master key, or without encryption. */
  async check(): Promise<void> {
    if (!(await this.#hasMaster())) await this.#claim();
    this.#checked = true;
  }

  async #hasMaster(): Promise<boolean> {
    const found = await this.#readJson(MASTER_OBJECT);
    if (found !== undefined) this.#checkMaster(found, MASTER_OBJECT);
    return found !== undefined;
  }

  async #claim(): Promise<void> {
    const { value: page } = await this.#store.list("")[Symbol.asyncIterator]().next();
    // Another node may have come first, and gone on.
    if (page !== undefined && (await this.#hasMaster())) return;
    if (page !== undefined)
      throw new Fault(
        "config.bad",
        `encryptionKeyFile: ${this.#store.name} has objects that are not encrypted; encryption is for a new archive`,
      );
    const text = JSON.stringify({ format: FORMAT, masterId: this.#masterId });
    await this.#putText(MASTER_OBJECT, text);
  }

  /** For reading. Throws `store.not-found` when it was erased. */
  async get(stream: string): Promise<DataKey> {
    const key = this.#known.get(stream) ?? (await this.#load(stream));
    if (key !== undefined) return key;
    throw new Fault("store.not-found", `there is no key of ${stream}: it was erased`);
  }

  /**
   * For writing: made when there is none. The store is asked each time: another node may have erased the key, and what is
   * encrypted with an erased one is lost.
   */
  async getOrMake(stream: string): Promise<DataKey> {
    const making = this.#making.get(stream) ?? this.#make(stream);
    this.#making.set(stream, making);
    try {
      return await making;
    } finally {
      this.#making.delete(stream);
    }
  }

  /** Of two nodes that make one, the first to be stored wins: it is read back. */
  async #make(stream: string): Promise<DataKey> {
    const known = await this.#load(stream);
    if (known !== undefined) return known;
    // The store was away at the start: it is looked at before the first object.
    if (!this.#checked) await this.check();
    const made = { id: randomBytes(KEY_ID_BYTES), secret: randomBytes(32) };
    try {
      await this.#putText(keyObject(stream), this.#wrap(stream, made));
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "store.conflict") throw error;
    }
    const stored = await this.#load(stream);
    if (stored !== undefined) return stored;
    throw new Fault("store.unavailable", `the key of ${stream} was erased while it was made`);
  }

  /** Its media cannot be read any more, by anybody. Other processes that know the key forget it when they end. */
  async erase(stream: string): Promise<void> {
    await this.#store.delete([keyObject(stream)]);
    this.#erasures++;
    this.#known.delete(stream);
  }

  async #load(stream: string): Promise<DataKey | undefined> {
    const object = keyObject(stream);
    const before = this.#erasures;
    const found = await this.#readJson(object);
    if (found === undefined) return undefined;
    this.#checkMaster(found, object);
    const key = this.#unwrap(stream, found);
    if (this.#erasures === before) this.#known.set(stream, key);
    return key;
  }

  async #readJson(key: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const size = await this.#store.size(key);
    if (size === undefined) return undefined;
    const bytes = await this.#store.read(key, 0, size);
    try {
      const parsed: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
      if (typeof parsed === "object" && parsed !== null)
        return parsed as Readonly<Record<string, unknown>>;
    } catch {}
    throw new Fault("store.corrupt", `${key} is not a key of this version`);
  }

  #checkMaster({ format, masterId }: Readonly<Record<string, unknown>>, object: string): void {
    if (format !== FORMAT)
      throw new Fault("config.bad", `${object} is of a later version of this program`);
    if (masterId !== this.#masterId)
      throw new Fault(
        "config.bad",
        `encryptionKeyFile: ${this.#store.name} was encrypted with another key (${object})`,
      );
  }

  #wrap(stream: string, { id, secret }: DataKey): string {
    const nonce = randomBytes(12);
    const keyId = Buffer.from(id).toString("hex");
    const cipher = createCipheriv("aes-256-gcm", this.#masterKey, nonce);
    cipher.setAAD(boundTo(stream, keyId));
    const sealed = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    const texts = { nonce: nonce.toString("base64"), wrapped: sealed.toString("base64") };
    return JSON.stringify({ format: FORMAT, masterId: this.#masterId, stream, keyId, ...texts });
  }

  #unwrap(stream: string, found: Readonly<Record<string, unknown>>): DataKey {
    try {
      const keyId = String(found.keyId);
      const sealed = Buffer.from(String(found.wrapped), "base64");
      const nonce = Buffer.from(String(found.nonce), "base64");
      const cipher = createDecipheriv("aes-256-gcm", this.#masterKey, nonce, {
        authTagLength: TAG_BYTES,
      });
      cipher.setAAD(boundTo(stream, keyId));
      cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const secret = Buffer.concat([cipher.update(sealed.subarray(0, -TAG_BYTES)), cipher.final()]);
      return { id: Buffer.from(keyId, "hex"), secret };
    } catch (cause) {
      throw new Fault("store.corrupt", `the key of ${stream} was changed`, { cause });
    }
  }
}

/** Where a stream's key is. */
export function keyObject(stream: string): string {
  if (stream.length <= LONG_NAME) return `keys/${stream}.json`;
  return `keys/long/${createHash("sha256").update(stream).digest("hex")}.json`;
}

/** True for the objects of this file, which are not encrypted and are nobody else's. */
export function isKeyObject(key: string): boolean {
  return key === MASTER_OBJECT || /^keys\/(?:long\/)?[A-Za-z0-9_.-]+\.json$/.test(key);
}

function boundTo(stream: string, keyId: string): Buffer {
  return Buffer.from(`streambank data key\0${stream}\0${keyId}`, "utf8");
}
