/**
 * One encrypted object, as bytes: a header and chunks that are each sealed for their place
 * (docs/formats/encryption.md). Keys and files are the callers' business.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { Fault } from "../../base/errors.ts";

const MAGIC = Buffer.from("SBNKENC1", "latin1");
export const HEADER_BYTES = 64;
export const KEY_ID_BYTES = 16;
/** Plaintext of a chunk; the last may be shorter. */
export const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

/** Of one stream. */
export interface DataKey {
  /** Public, 16 bytes. */
  readonly id: Uint8Array;
  /** Secret, 32 bytes. */
  readonly secret: Uint8Array;
}

export interface EncryptedHeader {
  readonly bytes: Uint8Array;
  readonly keyId: Uint8Array;
  readonly salt: Uint8Array;
  /** Of the plaintext. */
  readonly size: number;
}

/**
 * The header of this content under this key. The salt depends on both, so putting the same again makes
 * the same bytes, and no two contents ever share a chunk key.
 */
export function newHeader(
  { id, secret }: DataKey,
  object: { key: string; size: number; sha256: string },
): EncryptedHeader {
  const salt = createHmac("sha256", secret)
    .update(`salt\0${object.key}\0${object.size}\0${object.sha256}`)
    .digest();
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.set(id, 8);
  bytes.set(salt, 24);
  bytes.writeBigUInt64BE(BigInt(object.size), 56);
  return { bytes, keyId: id, salt, size: object.size };
}

/** Throws `store.corrupt`. */
export function parseHeader(key: string, bytes: Uint8Array): EncryptedHeader {
  const buffer = Buffer.from(bytes);
  const size = buffer.length === HEADER_BYTES ? Number(buffer.readBigUInt64BE(56)) : Number.NaN;
  if (!buffer.subarray(0, 8).equals(MAGIC) || !Number.isSafeInteger(size))
    throw new Fault("store.corrupt", `${key} is not an encrypted object of this version`);
  return { bytes: buffer, keyId: buffer.subarray(8, 24), salt: buffer.subarray(24, 56), size };
}

/** Seals and opens the chunks of one object. */
export class ChunkCipher {
  readonly #secret: Buffer;
  readonly #bound: Buffer;
  readonly #key: string;
  readonly #last: number;

  constructor(dataKey: DataKey, key: string, header: EncryptedHeader) {
    this.#secret = createHmac("sha256", dataKey.secret)
      .update("chunks\0")
      .update(header.salt)
      .digest();
    this.#bound = Buffer.concat([header.bytes, Buffer.from(key, "utf8")]);
    this.#key = key;
    this.#last = chunkCount(header.size) - 1;
  }

  seal(index: number, plain: Uint8Array): Uint8Array {
    const cipher = createCipheriv("aes-256-gcm", this.#secret, this.#nonce(index));
    cipher.setAAD(this.#bound);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws `store.corrupt`: other bytes, another place, another object, or not all of it. */
  open(index: number, sealed: Uint8Array): Uint8Array {
    const cipher = createDecipheriv("aes-256-gcm", this.#secret, this.#nonce(index), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(this.#bound);
    cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([cipher.update(sealed.subarray(0, -TAG_BYTES)), cipher.final()]);
    } catch (cause) {
      const at = index * CHUNK_BYTES;
      throw new Fault("store.corrupt", `${this.#key} was changed`, { at, cause });
    }
  }

  /** The last chunk's differs, so an object cannot be cut at a chunk's end. */
  #nonce(index: number): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(index === this.#last ? 1 : 0, 0);
    nonce.writeBigUInt64BE(BigInt(index), 4);
    return nonce;
  }
}

/** At least one, so that an empty object has something to check. */
export function chunkCount(size: number): number {
  return Math.max(1, Math.ceil(size / CHUNK_BYTES));
}

/** Bytes of the whole object for so many bytes of plaintext. */
export function sealedSize(size: number): number {
  return HEADER_BYTES + size + TAG_BYTES * chunkCount(size);
}

/** Bytes of plaintext in an object of so many bytes; undefined when no encrypted object is that long. */
export function plainSize(bytes: number): number | undefined {
  const body = bytes - HEADER_BYTES;
  const size = body - TAG_BYTES * Math.ceil(body / SEALED_CHUNK_BYTES);
  return body > 0 && size >= 0 && sealedSize(size) === bytes ? size : undefined;
}
