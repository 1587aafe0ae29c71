/** How often one address may fail: guessing takes years, and a misconfigured camera does not fill the log. */
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";

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

  failed(address: string): void {
    const failures = this.#failures(address) + 1;
    this.#accounts.delete(address);
    this.#accounts.set(address, { failures, atMs: this.#clock.elapsed() });
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > MAX_ADDRESSES && oldest !== undefined) this.#accounts.delete(oldest);
  }

  #failures(address: string): number {
    const account = this.#accounts.get(address);
    if (account === undefined) return 0;
    const forgiven = ((this.#clock.elapsed() - account.atMs) / 1000) * FORGIVEN_PER_S;
    return Math.max(0, account.failures - forgiven);
  }
}
