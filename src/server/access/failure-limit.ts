/** How often one address may fail: guessing takes years, and a misconfigured camera does not fill the log. */
import type { Clock } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";

/** Failures in a row, and how fast they are forgiven. */
const BURST = 20;
const FORGIVEN_PER_S = 0.5;
/** Addresses remembered; the oldest are forgotten first. */
const MAX_ADDRESSES = 10_000;

interface Account {
  failures: number;
  atMs: number;
}

export class FailureLimit {
  readonly #clock: Clock;
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws `auth.limited`. */
  check(address: string): void {
    if (this.#failures(address) < BURST) return;
    throw new Fault("auth.limited", "too many failures from this address; wait a while");
  }

  /** What a guess is tried with: runs `work`, and counts what it throws. */
  guess<T>(address: string, work: () => T): T {
    this.check(address);
    try {
      return work();
    } catch (error) {
      this.count(address, error);
      throw error;
    }
  }

  /** Who brings nothing does not guess, and who has come to an end has guessed nothing. */
  count(address: string, error: unknown): void {
    const { code } = asFault(error);
    if (code === "auth.denied" || code === "auth.signature") this.failed(address);
  }

  failed(address: string): void {
    const failures = this.#failures(address) + 1;
    const key = networkOf(address);
    this.#accounts.delete(key);
    this.#accounts.set(key, { failures, atMs: this.#clock.elapsed() });
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > MAX_ADDRESSES && oldest !== undefined) this.#accounts.delete(oldest);
  }

  #failures(address: string): number {
    const account = this.#accounts.get(networkOf(address));
    if (account === undefined) return 0;
    const forgiven = ((this.#clock.elapsed() - account.atMs) / 1000) * FORGIVEN_PER_S;
    return Math.max(0, account.failures - forgiven);
  }
}

/** One subscriber has 2^64 addresses of IPv6 (RFC 6177): they count as one. */
function networkOf(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const [first, last] = [groups(head), groups(tail)];
  const zeros = address.includes("::") ? 8 - first.length - last.length : 0;
  const all = [...first, ...Array<string>(Math.max(0, zeros)).fill("0"), ...last];
  return `${all.slice(0, 4).join(":")}::/64`;
}
