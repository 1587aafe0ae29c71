/** An index for tests of events and hooks, with a switch that makes it unreachable. */
import type { EventRow, HookRow, NewEvent } from "../../src/archive/index/index-events.ts";
import type { LeaseRow } from "../../src/archive/index/index-leases.ts";
import type { Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import type { EventIndex } from "../../src/server/events/event-index.ts";

export interface TestIndex extends EventIndex {
  /** True: every call rejects. */
  away: boolean;
}

export async function openEventIndex(clock: Clock): Promise<TestIndex> {
  let rows: EventRow[] = [];
  let last = 0;
  const hooks = new Map<string, HookRow>();
  const leases = new Map<string, LeaseRow>();
  const index: TestIndex = {
    away: false,
    commit: async ({ events = [] }) => {
      check();
      for (const event of events as NewEvent[]) rows.push({ ...event, id: ++last });
    },
    events: async (afterId, limit) => (check(), rows.filter((r) => r.id > afterId).slice(0, limit)),
    lastEventId: async () => (check(), last),
    purgeEvents: async (upToId, limit) => {
      check();
      const gone = rows.filter((r) => r.id <= upToId).slice(0, limit);
      rows = rows.filter((r) => !gone.includes(r));
      return gone.length;
    },
    putHook: async (hook) => (check(), void hooks.set(hook.id, hook)),
    hooks: async () => (check(), [...hooks.values()]),
    deleteHook: async (id) => {
      check();
      if (!hooks.delete(id)) throw new Fault("hook.not-found", id);
    },
    moveHook: async (id, deliveredId) => {
      check();
      const hook = hooks.get(id);
      if (hook === undefined) throw new Fault("hook.not-found", id);
      hooks.set(id, { ...hook, deliveredId });
    },
    now: async () => (check(), clock.now()),
    takeLease: async ({ stream, node, ttlMs }, nowMs) => {
      check();
      const held = leases.get(stream);
      if (held && held.untilMs > nowMs && held.node !== node) return held;
      const epoch = held?.node === node ? held.epoch : (held?.epoch ?? 0) + 1;
      const untilMs = (nowMs + ttlMs) as LeaseRow["untilMs"];
      const lease = { stream, node, epoch, untilMs };
      leases.set(stream, lease);
      return lease;
    },
    freeLease: async (stream, node, epoch) => {
      check();
      const held = leases.get(stream);
      if (held?.node === node && held.epoch === epoch)
        leases.set(stream, { ...held, node: "", untilMs: 0 as LeaseRow["untilMs"] });
    },
  };
  const check = () => {
    if (index.away) throw new Fault("index.unavailable", "away");
  };
  return index;
}
