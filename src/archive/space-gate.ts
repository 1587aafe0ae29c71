/**
 * Room to write. Before the disk is full, while there is still enough for the index, media waits: no acks, so producers
 * keep what they have. What waits too long is refused. The mark rises with the rate at which media really comes in.
 */
import type { CancelTimer, Clock } from "../base/clock.ts";
import { Fault, serverClosing } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Space } from "./files.ts";

export interface SpaceLimits {
  /** Media is not taken with less than this free, bytes. */
  readonly minFreeBytes: number;
  /** Nor with less than what comes in in this time, ms. */
  readonly headroomMs: number;
  /** The spool may hold this many bytes; 0: what the disk allows. */
  readonly maxSpoolBytes: number;
  /** How long a fragment waits for room before it is refused, ms. */
  readonly patienceMs: number;
  /** Between two looks at the disk, ms. */
  readonly checkMs: number;
}

export const SPACE_LIMITS: SpaceLimits = {
  minFreeBytes: 256 << 20,
  headroomMs: 60_000,
  maxSpoolBytes: 0,
  patienceMs: 30_000,
  checkMs: 1000,
};

export interface SpaceGateParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: SpaceLimits;
  space(): Promise<Space>;
  spoolBytes(): number;
  /** Why nothing may be written whatever room there is: another disk is in the place of ours. */
  trouble?(): Promise<string | undefined>;
  /** Called when it closes and when it opens: the reserve is let go and taken again. */
  changed?(open: boolean): void;
}

export interface SpaceState {
  readonly open: boolean;
  /** Why it is closed. */
  readonly reason: string | undefined;
  readonly freeBytes: number | undefined;
  /** Below this it closes. */
  readonly stopBytes: number;
  /** Media coming in, bytes per second. */
  readonly rate: number;
}

interface Waiter {
  resolve(): void;
  reject(fault: Fault): void;
  readonly untilMs: number;
}

export class SpaceGate {
  readonly #parts: SpaceGateParts;
  #free: number | undefined;
  #reason: string | undefined;
  #trouble: string | undefined;
  #rate = 0;
  #written = 0;
  #lastMs: number;
  #waiters: Waiter[] = [];
  #timer: CancelTimer = () => {};
  #checking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SpaceGateParts) {
    this.#parts = parts;
    this.#lastMs = parts.clock.elapsed();
  }

  get state(): SpaceState {
    return {
      open: this.#reason === undefined,
      reason: this.#reason,
      freeBytes: this.#free,
      stopBytes: this.#stopBytes,
      rate: this.#rate,
    };
  }

  /** Looks once, then at intervals. */
  async start(): Promise<void> {
    await this.check();
    this.#schedule();
  }

  /** From now on nothing waits: while there is no room, what waits and what comes is refused with `server.closing`. */
  stop(): void {
    this.#closed = true;
    this.#timer();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(serverClosing());
  }

  /**
   * Undefined: go on. Else it resolves when there is room, and rejects when there was none for too long (`store.full`, or
   * `store.unavailable` where the folder is not ours) or the gate was stopped (`server.closing`).
   */
  pass(): Promise<void> | undefined {
    if (this.#reason === undefined) return undefined;
    // Nobody looks at the disk any more, so nobody would let it in or send it away.
    if (this.#closed) return Promise.reject(serverClosing());
    const untilMs = this.#parts.clock.elapsed() + this.#parts.limits.patienceMs;
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject, untilMs }));
  }

  wrote(bytes: number): void {
    this.#written += bytes;
  }

  /** The disk said that it is full, whatever was thought of it. */
  full(): void {
    this.#close("the disk is full");
  }

  /** Whether a new file may be made: whose folder it is, is looked at anew. */
  async mayCreate(): Promise<boolean> {
    await this.#lookForTrouble();
    if (this.#trouble !== undefined) this.#close(this.#trouble);
    return this.#reason === undefined;
  }

  /** The folder is not ours: nothing in it may be touched. */
  get foreign(): boolean {
    return this.#trouble !== undefined;
  }

  /** Looks at the disk now: a look that is under way may have seen it as it was before. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#look());
    return this.#checking;
  }

  get #stopBytes(): number {
    const { minFreeBytes, headroomMs } = this.#parts.limits;
    return Math.max(minFreeBytes, (this.#rate * headroomMs) / 1000);
  }

  #schedule(): void {
    const { clock, limits } = this.#parts;
    this.#timer = clock.after(limits.checkMs, () => {
      if (this.#closed) return;
      void this.check().then(() => {
        if (!this.#closed) this.#schedule();
      });
    });
  }

  async #look(): Promise<void> {
    this.#measureRate();
    try {
      this.#free = (await this.#parts.space()).free;
    } catch {
      // A disk that cannot be asked will say so when it is written to.
      this.#free = undefined;
    }
    await this.#lookForTrouble();
    this.#decide();
    const now = this.#parts.clock.elapsed();
    const late = this.#waiters.filter(({ untilMs }) => untilMs <= now);
    this.#waiters = this.#waiters.filter(({ untilMs }) => untilMs > now);
    for (const waiter of late)
      waiter.reject(
        this.#trouble === undefined
          ? new Fault("store.full", this.#reason ?? "no room on the disk")
          : new Fault("store.unavailable", this.#trouble),
      );
  }

  async #lookForTrouble(): Promise<void> {
    this.#trouble = await this.#parts.trouble?.();
  }

  #measureRate(): void {
    const now = this.#parts.clock.elapsed();
    const seconds = (now - this.#lastMs) / 1000;
    if (seconds <= 0) return;
    // Over about ten seconds: one large fragment is not a rate.
    const weight = Math.min(1, seconds / 10);
    this.#rate += (this.#written / seconds - this.#rate) * weight;
    this.#written = 0;
    this.#lastMs = now;
  }

  /** Opens a little above where it closes, so that it does not flutter. */
  #decide(): void {
    const { maxSpoolBytes } = this.#parts.limits;
    const spool = this.#parts.spoolBytes();
    const wasOpen = this.#reason === undefined;
    const slack = wasOpen ? 1 : 1.1;
    if (this.#trouble !== undefined) this.#close(this.#trouble);
    else if (maxSpoolBytes > 0 && spool * slack > maxSpoolBytes)
      this.#close(
        `the spool is full: ${spool} of ${maxSpoolBytes} bytes wait for the object store`,
      );
    else if (this.#free !== undefined && this.#free < this.#stopBytes * slack)
      this.#close(
        `only ${this.#free} bytes are free on the disk, ${Math.ceil(this.#stopBytes)} are needed`,
      );
    else this.#open();
  }

  #close(reason: string): void {
    const wasOpen = this.#reason === undefined;
    this.#reason = reason;
    if (!wasOpen) return;
    this.#parts.log.error("space.closed", { reason });
    this.#parts.changed?.(false);
  }

  #open(): void {
    if (this.#reason === undefined) return;
    this.#reason = undefined;
    this.#parts.log.warn("space.opened", { free: this.#free });
    this.#parts.changed?.(true);
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }
}
