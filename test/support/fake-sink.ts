/** Where fragments go in tests of ingest: kept in memory, and decided when the test says so. */
import type {
  FragmentSink,
  Recording,
  SealedFragment,
  StoredFragment,
} from "../../src/fragment/fragment.ts";
import type { LiveSink } from "../../src/fragment/live.ts";

export class FakeSink implements FragmentSink {
  readonly taken: SealedFragment[] = [];
  /** The store is away: nothing is decided until `catchUp`. */
  behind: boolean;
  /** Bytes taken and not decided. */
  pendingBytes = 0;
  /** Recordings that are open. */
  recordings = 0;
  #undecided: (() => void)[] = [];
  #sequence = 0;

  constructor({ behind = false } = {}) {
    this.behind = behind;
  }

  async open(): Promise<Recording> {
    return this.record();
  }

  /** The same, at once. */
  record(): Recording {
    const sink = this;
    sink.recordings++;
    return {
      persists: true,
      get pendingBytes() {
        return sink.pendingBytes;
      },
      nextNumber: () => ({ sequence: ++sink.#sequence, receivedMs: 0 as never, salt: 1 }),
      append: (fragment) => sink.#append(fragment),
      failed() {},
      close: async () => {
        sink.recordings--;
      },
    };
  }

  catchUp(): void {
    this.behind = false;
    for (const decide of this.#undecided.splice(0)) decide();
  }

  #append(fragment: SealedFragment): Promise<StoredFragment> {
    this.taken.push(fragment);
    const { length } = fragment.blocks;
    this.pendingBytes += length;
    return new Promise((resolve) => {
      this.#undecided.push(() => {
        this.pendingBytes -= length;
        resolve({ info: fragment.info } as StoredFragment);
      });
      if (!this.behind) this.catchUp();
    });
  }
}

/** No viewers. */
export const noViewers: LiveSink = {
  open: () => ({ tracks() {}, fragment() {}, frame() {}, close() {} }),
};
