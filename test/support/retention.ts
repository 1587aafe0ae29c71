/** Retention over the real SQLite index, a store in memory and a clock of the test's own. */
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import type { ClockState, ClockStateStore } from "../../src/archive/retention/clock-guard.ts";
import { Retention, type RetentionOptions } from "../../src/archive/retention/retention.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { openDirectIndex } from "./archives.ts";
import { SizeStore } from "./size-store.ts";
import { SkewClock } from "./skew-clock.ts";

export class MemoryClockState implements ClockStateStore {
  state: ClockState | undefined;
  async read() {
    return this.state;
  }
  async write(state: ClockState) {
    this.state = state;
  }
}

export interface RetentionRig extends AsyncDisposable {
  readonly index: FragmentIndex;
  readonly store: SizeStore;
  readonly clock: SkewClock;
  readonly clockState: MemoryClockState;
  readonly retention: Retention;
}

/** Without objects: packs are rows. Other parts of `over` replace ours. */
export async function retentionRig(
  over: Partial<RetentionOptions> & { clock?: SkewClock; store?: SizeStore } = {},
): Promise<RetentionRig> {
  const { clock = new SkewClock(), store = new SizeStore() } = over;
  const index = over.index ?? (await openDirectIndex(":memory:"));
  const clockState = new MemoryClockState();
  const parts = { index, store, clock, clockState, log: silentLogger, ...over };
  const retention = await Retention.open(parts);
  const close = async () => {
    await retention.stop();
    await index.close();
  };
  return { index, store, clock, clockState, retention, [Symbol.asyncDispose]: close };
}
