/**
 * Access keys: an id and a secret, which sign requests (SigV4) or are sent as they are (`Bearer id.secret`, Basic, an
 * encoder's stream key). All of them are in memory: checking one waits for nothing, and one that is removed on another
 * node stops working here soon, on this one at once.
 */
import { randomBytes } from "node:crypto";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { RecordMirror } from "./record-mirror.ts";
import { sameText } from "./same-text.ts";
import type { Scope } from "./scope.ts";
import type { SecretBox } from "./secret-box.ts";

const KIND = "access-key";
const MAX_KEYS = 10_000;

/** A key as it is listed: without its secret. */
export interface AccessKey extends Scope {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
}

/** Shown once, when it is made. */
export interface NewKey extends AccessKey {
  readonly secret: string;
  /** For `Authorization: Bearer`, and as an encoder's key. */
  readonly token: string;
}

interface Kept extends AccessKey {
  readonly secret: string;
}

interface KeysParts {
  readonly index: FragmentIndex;
  readonly clock: Clock;
  readonly box: SecretBox;
  /** Called after a change: what rests on it may have ended. */
  readonly changed: () => void;
}

export class AccessKeys {
  readonly #parts: KeysParts;
  readonly #keys: RecordMirror<Kept>;

  constructor(parts: KeysParts) {
    this.#parts = parts;
    const { index, box } = parts;
    this.#keys = new RecordMirror<Kept>({
      ...{ index, kind: KIND },
      parse(id, body, before) {
        const { box: sealed, ...key } = JSON.parse(body) as AccessKey & { box: string };
        return { ...key, secret: before?.secret ?? box.open(sealed, id) };
      },
    });
  }

  /** Throws `index.unavailable`, `config.bad` (secrets of another key file). */
  read(): Promise<void> {
    return this.#keys.read();
  }

  get size(): number {
    return this.#keys.size;
  }

  list(): AccessKey[] {
    return this.#keys
      .entries()
      .map(([, { secret: _, ...key }]) => key)
      .sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  }

  /** Throws `request.bad` when there are too many. With an audit row. */
  async create(
    { name, ...scope }: Scope & { readonly name: string },
    who: string,
  ): Promise<NewKey> {
    const { index, clock, box } = this.#parts;
    if (this.#keys.size >= MAX_KEYS)
      throw new Fault("request.bad", `there may be ${MAX_KEYS} keys`);
    // 16 characters of 32: what AWS's clients take for an access key id.
    const id = `AKSB${base32(10)}`;
    const secret = randomBytes(30).toString("base64url");
    const key: AccessKey = { id, name, createdMs: clock.now(), ...scope };
    const body = JSON.stringify({ ...key, box: box.seal(secret, id) });
    await index.putRecord({ kind: KIND, id, body }, 0);
    const detail = JSON.stringify(key);
    await index.addAudit({ atMs: clock.now(), action: "key-added", stream: "", who, detail });
    this.#keys.set(id, { ...key, secret });
    return { ...key, secret, token: `${id}.${secret}` };
  }

  /** Throws `key.not-found`. */
  async remove(id: string, who: string): Promise<void> {
    const { index, clock, changed } = this.#parts;
    // First here: what comes meanwhile is refused already.
    this.#keys.delete(id);
    changed();
    if (!(await index.deleteRecord(KIND, id)))
      throw new Fault("key.not-found", `there is no key ${id.slice(0, 40)}`);
    await index.addAudit({ atMs: clock.now(), action: "key-removed", stream: "", who, detail: id });
  }

  /** Its secret. Throws `auth.denied`, `auth.expired`. */
  find(id: string): Kept {
    const key = this.#keys.get(id);
    if (key === undefined) throw new Fault("auth.denied", "there is no such key");
    if (key.expiresMs !== undefined && key.expiresMs <= this.#parts.clock.now())
      throw new Fault("auth.expired", "the key has expired");
    return key;
  }

  /** Of `id.secret`. Throws `auth.denied`, `auth.expired`. */
  ofToken(token: string): Kept {
    const at = token.indexOf(".");
    const key = this.find(token.slice(0, Math.max(at, 0)));
    if (sameText(token.slice(at + 1), key.secret)) return key;
    throw new Fault("auth.denied", "the key is wrong");
  }
}

function base32(bytes: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = 0n;
  for (const byte of randomBytes(bytes)) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < (bytes * 8) / 5; i++, bits >>= 5n) text += letters[Number(bits & 31n)];
  return text;
}
