/** A WebSocket that takes bytes only when told: for slow viewers without a network. */
import type { MediaSocket } from "../../src/play/tail/socket-writer.ts";

interface Pending {
  readonly bytes: number;
  readonly done: (() => void) | undefined;
}

export class FakeSocket implements MediaSocket {
  readyState: MediaSocket["readyState"] = 1;
  /** Everything sent, in order: text as a string, media as the very array. */
  readonly sent: (string | Uint8Array)[] = [];
  #pending: Pending[] = [];
  #stopped = false;
  /** The most that ever waited. */
  peak = 0;

  get bufferedAmount(): number {
    return this.#pending.reduce((sum, one) => sum + one.bytes, 0);
  }

  /** From now on nothing leaves. */
  stop(): void {
    this.#stopped = true;
  }

  /** All that waits leaves, and so on from now. */
  go(): void {
    this.#stopped = false;
    this.flush();
  }

  /** What waits now leaves. */
  flush(): void {
    const gone = this.#pending;
    this.#pending = [];
    for (const one of gone) one.done?.();
  }

  send(data: unknown, options?: unknown, done?: unknown): void {
    if (typeof data !== "string" && !(data instanceof Uint8Array)) throw new Error("what is this?");
    if (options === undefined) throw new Error("binary and compress must be said");
    this.sent.push(data);
    const callback = typeof done === "function" ? () => done() : undefined;
    if (!this.#stopped) {
      if (callback !== undefined) queueMicrotask(callback);
      return;
    }
    this.#pending.push({ bytes: data.length, done: callback });
    this.peak = Math.max(this.peak, this.bufferedAmount);
  }

  get media(): Uint8Array[] {
    return this.sent.filter((one) => typeof one !== "string");
  }

  /** The text messages, parsed. */
  get texts(): { type: string; frames?: number }[] {
    return this.sent.filter((one) => typeof one === "string").map((text) => JSON.parse(text));
  }
}
