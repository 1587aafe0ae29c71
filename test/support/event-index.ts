/** A real index in memory for tests of events and hooks, with a switch that makes it unreachable. */
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import type { Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import { openDirectIndex } from "./archives.ts";

export type TestIndex = FragmentIndex & {
  /** True: every call rejects. */
  away: boolean;
};

/** SQLite, called in this thread. Leases go by the test's clock. */
export async function openEventIndex(clock: Clock): Promise<TestIndex> {
  const real = await openDirectIndex(":memory:");
  const state = { away: false };
  return new Proxy(real as TestIndex, {
    get(target, name) {
      if (name === "then") return undefined;
      if (name === "away") return state.away;
      if (name === "now") return async () => clock.now();
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (state.away) throw new Fault("index.unavailable", "away");
        return method.apply(target, args);
      };
    },
    set(_target, name, value: boolean) {
      if (name === "away") state.away = value;
      return name === "away";
    },
  });
}
