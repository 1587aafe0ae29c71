/**
 * Passwords as what is kept of them: scrypt (RFC 7914) with a salt of its own for each. One is worked out at a time: it takes a
 * core and 32 MB for a quarter of a second, and cameras come first.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { Fault } from "../../base/errors.ts";

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's list has it beside N=2^17, p=1: as dear to guess, with a quarter of the memory. */
const COST: ScryptCost = { N: 1 << 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Waiting and at work: more are refused. */
const MAX_WAITING = 20;
const MAX_PER_ADDRESS = 3;

export const PASSWORD_CHARACTERS = { minLength: 10, maxLength: 256 } as const;

export class Passwords {
  readonly #cost: ScryptCost;
  readonly #waiting = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;

  constructor(cost: ScryptCost = COST) {
    this.#cost = cost;
  }

  /** `scrypt$N$r$p$salt$hash`. Throws `request.busy`. */
  hash(password: string, address: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const { N, r, p } = this.#cost;
    return this.#inTurn(address, async () => {
      const hash = await derive(password, salt, this.#cost);
      return ["scrypt", N, r, p, salt.toString("base64"), hash.toString("base64")].join("$");
    });
  }

  /** Without a hash (there is no such user) it takes as long. Throws `request.busy`, `auth.limited`. */
  isRight(password: string, kept: string | undefined, address: string): Promise<boolean> {
    const { cost, salt, hash } = kept === undefined ? this.#nobody() : read(kept);
    return this.#inTurn(address, async () => {
      const same = timingSafeEqual(await derive(password, salt, cost), hash);
      return same && kept !== undefined;
    });
  }

  #nobody() {
    return { cost: this.#cost, salt: Buffer.alloc(SALT_BYTES), hash: Buffer.alloc(HASH_BYTES) };
  }

  async #inTurn<T>(address: string, work: () => Promise<T>): Promise<T> {
    const own = this.#waiting.get(address) ?? 0;
    if (own >= MAX_PER_ADDRESS)
      throw new Fault("auth.limited", "too many sign-ins at once from this address");
    if (this.#count >= MAX_WAITING)
      throw new Fault("request.busy", "too many sign-ins at once; try again in a moment");
    this.#count++;
    this.#waiting.set(address, own + 1);
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#count--;
      const left = (this.#waiting.get(address) ?? 1) - 1;
      if (left > 0) this.#waiting.set(address, left);
      else this.#waiting.delete(address);
    }
  }
}

function read(kept: string): { cost: ScryptCost; salt: Buffer; hash: Buffer } {
  const [kind, N, r, p, salt = "", hash = ""] = kept.split("$");
  const bytes = Buffer.from(hash, "base64");
  if (kind !== "scrypt" || bytes.length !== HASH_BYTES)
    throw new Fault("config.bad", "a kept password cannot be read");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return { cost, salt: Buffer.from(salt, "base64"), hash: bytes };
}

function derive(password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  // The same letters may be typed as different code points (RFC 8265 §4.2.1).
  const text = password.normalize("NFC");
  // Twice the table, and a little for small ones.
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r + (1 << 20) };
  return new Promise((resolve, reject) => {
    scrypt(text, salt, HASH_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
