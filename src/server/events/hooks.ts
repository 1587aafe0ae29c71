/** All webhooks of a server: made, listed, tried, removed, and one sender for each. docs/reference/events.md. */
import { randomBytes } from "node:crypto";
import type { HookRow } from "../../archive/index/index-events.ts";
import { type CancelTimer, isoTime } from "../../base/clock.ts";
import { asFault, Fault, serverClosing } from "../../base/errors.ts";
import { checkHookUrl } from "./hook-address.ts";
import { isStreamPattern } from "./hook-filter.ts";
import { deliveryBody, HookSender, type SenderParts, type SenderStatus } from "./hook-sender.ts";

export interface HooksParts extends SenderParts {
  readonly allowPrivate: boolean;
  /** These are the hooks now: others want to know what is wanted. */
  changed(hooks: readonly HookRow[]): void;
}

/** What a hook is made from. */
export type HookWish = Pick<HookRow, "url" | "types" | "streams"> & {
  /** Default: made up. 16 to 256 characters. */
  readonly secret?: string | undefined;
};

export interface HookView extends SenderStatus {
  readonly id: string;
  readonly url: string;
  readonly types: HookRow["types"];
  readonly streams: string;
  readonly createdMs: number;
  /** Numbers of events after its place: how far it is behind at most. */
  readonly behind: number;
}

export interface HookTest {
  /** Whether a 2xx came. */
  readonly delivered: boolean;
  readonly ms: number;
  readonly status?: number;
  /** The first 1024 bytes of the answer. */
  readonly answer?: string;
  /** Why there was no answer. */
  readonly error?: string;
}

export const MAX_HOOKS = 100;
/** Hooks that other nodes made or removed are seen after this long. */
const REFRESH_MS = 30_000;

export class Hooks {
  readonly #parts: HooksParts;
  readonly #senders = new Map<string, HookSender>();
  /** Changes come one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #timer: CancelTimer = () => {};
  #closed = false;

  private constructor(parts: HooksParts) {
    this.#parts = parts;
  }

  /** Begins to deliver. Throws `index.unavailable`. */
  static async open(parts: HooksParts): Promise<Hooks> {
    const hooks = new Hooks(parts);
    hooks.#follow(await parts.index.hooks());
    hooks.#refreshLater();
    return hooks;
  }

  /** A request is under way. */
  get sending(): boolean {
    return [...this.#senders.values()].some(({ status }) => status.state === "sending");
  }

  /** In the order they were made. */
  async list(): Promise<readonly HookView[]> {
    const rows = await this.#parts.index.hooks();
    const last = await this.#parts.index.lastEventId();
    const sorted = [...rows].sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
    return sorted.map((row) => this.#view(row, last));
  }

  /**
   * Tells everything that happens from now on. Durable when it resolves, with the secret, which is not shown again.
   * Throws `request.bad`, `hook.too-many`, `index.unavailable`.
   */
  create(wish: HookWish): Promise<HookView & { readonly secret: string }> {
    return this.#inTurn(async () => {
      const { index, clock, allowPrivate, changed } = this.#parts;
      checkHookUrl(wish.url, allowPrivate);
      if (!isStreamPattern(wish.streams))
        throw new Fault("request.bad", "streams: a stream's name, with * for any characters");
      const before = await index.hooks();
      if (before.length >= MAX_HOOKS)
        throw new Fault("hook.too-many", `there are ${MAX_HOOKS} hooks already`);
      const last = await index.lastEventId();
      const {
        url,
        types,
        streams,
        secret = `whsec_${randomBytes(32).toString("base64url")}`,
      } = wish;
      const id = `hook_${randomBytes(9).toString("base64url")}`;
      const row = { id, url, secret, types, streams, createdMs: clock.now(), deliveredId: last };
      await index.putHook(row);
      changed([...before, row]);
      this.#follow([...before, row]);
      return { ...this.#view(row, last), secret };
    });
  }

  /** When it resolves nothing more is sent by this node. Throws `hook.not-found`, `index.unavailable`. */
  delete(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const { index, changed, meters } = this.#parts;
      await index.deleteHook(id);
      const sender = this.#senders.get(id);
      this.#senders.delete(id);
      await sender?.stop();
      meters.hookGone(id);
      changed(await index.hooks());
    });
  }

  /** Sends one event of type `test`, outside the order of the others. Throws `hook.not-found`, `index.unavailable`. */
  async test(id: string): Promise<HookTest> {
    const { index, clock, poster } = this.#parts;
    const hook = (await index.hooks()).find((row) => row.id === id);
    if (hook === undefined) throw new Fault("hook.not-found", `there is no hook ${id}`);
    const delivery = `test-${randomBytes(9).toString("base64url")}`;
    const timeMs = clock.now();
    const event = { id: 0, type: "test", timeMs, time: isoTime(timeMs), data: {} };
    const body = deliveryBody(id, delivery, [JSON.stringify(event)]);
    const began = clock.elapsed();
    const ms = () => Math.round(clock.elapsed() - began);
    try {
      const { url, secret } = hook;
      const { status, text: answer } = await poster.post({ url, secret, delivery, body });
      return { delivered: status >= 200 && status < 300, ms: ms(), status, answer };
    } catch (error) {
      return { delivered: false, ms: ms(), error: (error as Error).message };
    }
  }

  /** Breaks off deliveries under way: the next start sends them again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer();
    await this.#turn;
    await Promise.all([...this.#senders.values()].map((sender) => sender.stop()));
  }

  #view(row: HookRow, last: number): HookView {
    const { id, url, types, streams, createdMs, deliveredId } = row;
    const status = this.#senders.get(id)?.status ?? { state: "idle", deliveredId, failures: 0 };
    const at = Math.max(deliveredId, status.deliveredId);
    const behind = Math.max(0, last - at);
    return { id, url, types, streams, createdMs, ...status, deliveredId: at, behind };
  }

  /** A sender for each of these, and none for others. */
  #follow(rows: readonly HookRow[]): void {
    if (this.#closed) return;
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, sender] of this.#senders) {
      if (ids.has(id)) continue;
      this.#senders.delete(id);
      this.#parts.meters.hookGone(id);
      void sender.stop();
    }
    for (const row of rows)
      if (!this.#senders.has(row.id)) this.#senders.set(row.id, new HookSender(row, this.#parts));
  }

  #refreshLater(): void {
    this.#timer = this.#parts.clock.after(REFRESH_MS, () => {
      const read = this.#inTurn(async () => {
        const rows = await this.#parts.index.hooks();
        this.#parts.changed(rows);
        this.#follow(rows);
      });
      const failed = (error: unknown) =>
        this.#parts.log.warn("hooks.not-read", { message: asFault(error).message });
      void read.catch(failed).then(() => {
        if (!this.#closed) this.#refreshLater();
      });
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (this.#closed) throw serverClosing();
      return run();
    });
    this.#turn = result.catch(() => {});
    return result;
  }
}
