/** What waits to be appended to a source buffer, in order. Small media pieces go together. Pure. */

export type QueueItem =
  /** An initialization segment; the media after it is shifted by `offsetS` seconds. */
  | {
      readonly kind: "init";
      readonly mime: string;
      readonly offsetS: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "media"; readonly bytes: Uint8Array };

/** Bytes of media joined to one append. */
export const JOIN_BYTES = 512 * 1024;
/** More than this waiting means the buffer takes nothing any more. */
export const MAX_QUEUE_BYTES = 64 << 20;

export class AppendQueue {
  #items: QueueItem[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** False when the queue is full: nothing was taken. */
  add(item: QueueItem): boolean {
    if (this.#bytes + item.bytes.length > MAX_QUEUE_BYTES) return false;
    this.#items.push(item);
    this.#bytes += item.bytes.length;
    return true;
  }

  /** The next init segment alone, or as much media as goes into one append. */
  take(): QueueItem | undefined {
    const first = this.#items[0];
    if (first === undefined) return undefined;
    let count = 1;
    let size = first.bytes.length;
    if (first.kind === "media") {
      for (const item of this.#items.slice(1)) {
        if (item.kind !== "media" || size + item.bytes.length > JOIN_BYTES) break;
        size += item.bytes.length;
        count++;
      }
    }
    const taken = this.#items.splice(0, count);
    this.#bytes -= size;
    if (count === 1) return first;
    return { kind: "media", bytes: join(taken, size) };
  }

  /** Puts back what could not be appended; it comes next. */
  putBack(item: QueueItem): void {
    this.#items.unshift(item);
    this.#bytes += item.bytes.length;
  }

  clear(): void {
    this.#items = [];
    this.#bytes = 0;
  }
}

function join(items: readonly QueueItem[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const { bytes } of items) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}
