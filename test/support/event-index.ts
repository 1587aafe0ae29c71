/** A real index in memory for tests of events and hooks, with a switch that makes it unreachable. */
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import type { Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import { openDirectIndex } from "./archives.ts";

export type TestIndex = FragmentIndex & {
  /** True: every call rejects. */
  away: boolean;
  /** Called once, when `events` has its answer for a page (not for a single event) and has not given it yet. */
  meanwhile: (() => Promise<void>) | undefined;
};

/** SQLite, called in this thread. Leases go by the test's clock. */
export async function openEventIndex(clock: Clock): Promise<TestIndex> {
  const real = await openDirectIndex(":memory:");
  const state: Pick<TestIndex, "away" | "meanwhile"> = { away: false, meanwhile: undefined };
  return new Proxy(real as TestIndex, {
    get(target, name) {
      if (name === "then") return undefined;
      if (name === "away" || name === "meanwhile") return state[name];
      if (name === "now") return async () => clock.now();
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (state.away) throw new Fault("index.unavailable", "away");
        const answer = await method.apply(target, args);
        const { meanwhile } = state;
        if (name !== "events" || args[1] === 1 || meanwhile === undefined) return answer;
        state.meanwhile = undefined;
        await meanwhile();
        return answer;
      };
    },
    set: (_target, name, value) => Reflect.set(state, name, value),
  });
}
