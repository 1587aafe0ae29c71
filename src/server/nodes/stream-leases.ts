/**
 * The streams that this node records: a lease each, taken before a producer's session opens, renewed well before it ends,
 * freed when nobody has pushed for a while. Losing one ends the sessions of its stream. What makes two owners
 * impossible is the fence at each commit; all this only keeps producers from noticing it (docs/design/nodes.md).
 */
import type { Fence } from "../../archive/index/fragment-index.ts";
import type { IndexLeases, LeaseRow } from "../../archive/index/index-leases.ts";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault, Fault, serverClosing } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { IndexTime } from "./index-time.ts";

/**
 * A new owner's fragments begin so far above the highest sequence of the index: the one before may have told numbers that
 * are in no row. Far more than one owner numbers in the minutes that a pack is open.
 */
export const OWNER_SKIP = 1_000_000;

export interface LeaseTimes {
  /** A lease ends so long after it was renewed, ms. */
  readonly ttlMs: number;
  /** They are renewed every so many ms. */
  readonly renewMs: number;
  /** So long before its end a lease that could not be renewed is given up, ms. */
  readonly marginMs: number;
  /** Freed so long after the last session of its stream, ms: more than the archive takes to seal its pack. */
  readonly idleMs: number;
}

export const LEASE_TIMES: LeaseTimes = {
  ttlMs: 10_000,
  renewMs: 3000,
  marginMs: 1000,
  idleMs: 15_000,
};

export interface LeaseOptions {
  readonly index: Pick<IndexLeases, "takeLease" | "renewLeases" | "freeLease" | "lease">;
  readonly time: IndexTime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: string;
  readonly times: LeaseTimes;
  /** The stream is recorded here from now on; its numbers begin `skip` above those of the index. */
  taken(stream: string, skip: number): void | Promise<void>;
  /** It is not any more: resolves when its pack is sealed. */
  dropped(stream: string): Promise<void>;
  /** Another node may have it: resolves when its sessions here have ended. */
  lost(stream: string): Promise<void>;
}

interface Held {
  readonly fence: Fence;
  untilMs: number;
  /** Recordings that are open. */
  uses: number;
  cancelIdle: CancelTimer;
}

export class StreamLeases {
  readonly #options: LeaseOptions;
  readonly #held = new Map<string, Held>();
  /** Of streams that were recorded here: what still comes of them is refused by the index. */
  readonly #past = new Map<string, Fence>();
  /** One step after another for each stream. */
  readonly #steps = new Map<string, Promise<unknown>>();
  #renewing = false;
  #renewedAt: number;
  #cancel: CancelTimer = () => {};
  #closed = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#renewedAt = options.clock.elapsed();
    this.#tick();
  }

  /** Streams recorded here. */
  get streams(): readonly string[] {
    return [...this.#held.keys()];
  }

  holds(stream: string): boolean {
    return this.#held.has(stream);
  }

  /** What a commit of this stream has to carry. Undefined when it was never recorded here. */
  fence(stream: string): Fence | undefined {
    return this.#held.get(stream)?.fence ?? this.#past.get(stream);
  }

  /** The lease after trying to take it: this node's, or its owner's. Throws `index.*`, `server.closing`. */
  take(stream: string): Promise<LeaseRow> {
    return this.#step(stream, () => this.#take(stream));
  }

  /** As `take`, and keeps it until the result is called. Throws `ingest.busy` when it is another node's. */
  use(stream: string): Promise<() => void> {
    return this.#step(stream, async () => {
      const { node } = await this.#take(stream);
      const held = this.#held.get(stream);
      if (held === undefined)
        throw new Fault("ingest.busy", `${stream} is recorded by node ${node}`);
      held.cancelIdle();
      held.uses++;
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        held.uses--;
        this.#freeWhenIdle(stream, held);
      };
    });
  }

  /** Frees it now unless somebody is pushing. False: it is still this node's. Throws `index.*`. */
  letGo(stream: string): Promise<boolean> {
    return this.#step(stream, () => this.#free(stream));
  }

  /**
   * For recovery, which asks before it keeps what no row names: the fence of a stream that no other node has recorded
   * since this one did. Undefined: another has, and its producer has sent it again. A node that was killed has not freed its
   * lease, so one that nobody holds is one that another has had.
   */
  async reclaim(stream: string): Promise<Fence | undefined> {
    const { index, node } = this.#options;
    const lease = await index.lease(stream);
    // Not taken anew: the fence says at the commit whether anybody else has meanwhile.
    return lease?.node === node ? { stream, node, epoch: lease.epoch } : undefined;
  }

  /** Frees all. Call when no session is left. Fine when the index is gone: then they run out. */
  async close(): Promise<void> {
    this.#closed = true;
    const free = async (stream: string) => {
      const held = this.#held.get(stream);
      if (held !== undefined) held.uses = 0;
      await this.#free(stream).catch(() => {});
    };
    await Promise.all(this.streams.map((stream) => this.#step(stream, () => free(stream))));
    this.#cancel();
  }

  #step<T>(stream: string, run: () => Promise<T>): Promise<T> {
    const before = this.#steps.get(stream) ?? Promise.resolve();
    const done = before.then(run, run);
    this.#steps.set(stream, done);
    const forget = () => {
      if (this.#steps.get(stream) === done) this.#steps.delete(stream);
    };
    done.then(forget, forget);
    return done;
  }

  async #take(stream: string): Promise<LeaseRow> {
    const { index, node, times, taken, time } = this.#options;
    const held = this.#held.get(stream);
    if (held !== undefined && !this.#runsOut(held)) return rowOf(held);
    if (held !== undefined) this.#lose(stream, held);
    if (this.#closed) throw serverClosing();
    const before = await index.lease(stream);
    const { ttlMs } = times;
    const row = await index.takeLease({ stream, node, ttlMs }, await time.read());
    if (row.node !== node) return row;
    const own = before?.node === node || this.#past.get(stream)?.epoch === row.epoch - 1;
    await taken(stream, own || row.epoch === 1 ? 0 : OWNER_SKIP);
    const fence = { stream, node, epoch: row.epoch };
    const made: Held = { fence, untilMs: row.untilMs, uses: 0, cancelIdle: () => {} };
    this.#held.set(stream, made);
    this.#freeWhenIdle(stream, made);
    this.#options.log.info("lease.taken", { stream, epoch: row.epoch, before: before?.node });
    return row;
  }

  #freeWhenIdle(stream: string, held: Held): void {
    if (held.uses > 0 || this.#held.get(stream) !== held) return;
    held.cancelIdle();
    held.cancelIdle = this.#options.clock.after(this.#options.times.idleMs, () => {
      this.letGo(stream).catch((error) => this.#warn("lease.not-freed", error));
    });
  }

  async #free(stream: string): Promise<boolean> {
    const { dropped, index, node, log } = this.#options;
    const held = this.#held.get(stream);
    if (held === undefined) return true;
    if (held.uses > 0) return false;
    held.cancelIdle();
    await dropped(stream);
    if (this.#held.get(stream) !== held) return true;
    this.#forget(stream, held);
    await index.freeLease(stream, node, held.fence.epoch);
    log.info("lease.freed", { stream, epoch: held.fence.epoch });
    return true;
  }

  /** Renews when it is time, and gives up what was not renewed in time. */
  #tick(): void {
    const { clock, times } = this.#options;
    this.#cancel = clock.after(Math.min(times.marginMs, times.renewMs) / 2, () => this.#tick());
    for (const [stream, held] of [...this.#held]) if (this.#runsOut(held)) this.#lose(stream, held);
    if (this.#renewing || clock.elapsed() - this.#renewedAt < times.renewMs) return;
    this.#renewing = true;
    this.#renew()
      .catch((error) => this.#warn("lease.not-renewed", error))
      .finally(() => {
        this.#renewing = false;
        this.#renewedAt = clock.elapsed();
      });
  }

  async #renew(): Promise<void> {
    const { index, time, times, node } = this.#options;
    const now = [...this.#held];
    const untilMs = (await time.read()) + times.ttlMs;
    if (now.length === 0) return;
    const leases = now.map(([, { fence }]) => ({ stream: fence.stream, epoch: fence.epoch }));
    const kept = new Set(await index.renewLeases(leases, node, untilMs));
    for (const [stream, held] of now) {
      if (this.#held.get(stream) !== held) continue;
      if (kept.has(stream)) held.untilMs = Math.max(held.untilMs, untilMs);
      else this.#lose(stream, held);
    }
  }

  #runsOut(held: Held): boolean {
    const { time, times } = this.#options;
    return time.latest() >= held.untilMs - times.marginMs;
  }

  #lose(stream: string, held: Held): void {
    this.#forget(stream, held);
    this.#options.log.warn("lease.lost", { stream, epoch: held.fence.epoch });
    const { lost, dropped } = this.#options;
    lost(stream)
      .then(() => (this.#held.has(stream) ? undefined : dropped(stream)))
      .catch((error) => this.#warn("lease.not-dropped", error));
  }

  #forget(stream: string, held: Held): void {
    held.cancelIdle();
    this.#held.delete(stream);
    this.#past.set(stream, held.fence);
  }

  #warn(event: string, error: unknown): void {
    const { code, message } = asFault(error);
    this.#options.log.warn(event, { code, message });
  }
}

function rowOf({ fence, untilMs }: Held): LeaseRow {
  return { ...fence, untilMs: untilMs as LeaseRow["untilMs"] };
}
