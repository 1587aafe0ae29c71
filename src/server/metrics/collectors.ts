/** Gauges that are asked for when somebody reads the page. */
import type { SpoolState } from "../../archive/uploads.ts";
import type { Clock } from "../../base/clock.ts";
import type { LiveTotals } from "../../live/hub.ts";
import type { Readiness } from "../readiness.ts";
import type { MetricsRegistry } from "./registry.ts";

export interface Gauged {
  readonly clock: Clock;
  readonly live: { totals(): LiveTotals };
  readonly readiness: Readiness;
  /** Events that wait to be written. */
  eventsWaiting(): number;
  /** Of this node's packs. */
  unarchived(): Promise<SpoolState>;
  /** Room on the data folder's disk, bytes. */
  freeBytes(): Promise<number>;
}

export function collectGauges(registry: MetricsRegistry, gauged: Gauged): void {
  registry.collect(() => {
    const { liveStreams, viewers } = gauged.live.totals();
    registry.set("liveStreams", liveStreams);
    registry.set("viewers", viewers);
    registry.set("eventsWaiting", gauged.eventsWaiting());
  });
  registry.collect(async () => {
    const { packs, bytes, oldestMs, aside, oldestAsideMs } = await gauged.unarchived();
    const age = (ms: number | undefined) =>
      ms === undefined ? 0 : Math.max(0, gauged.clock.now() - ms) / 1000;
    registry.set("unarchivedPacks", packs);
    registry.set("spoolBytes", bytes);
    registry.set("oldestUnarchived", age(oldestMs));
    registry.set("asidePacks", aside);
    registry.set("oldestAside", age(oldestAsideMs));
  });
  registry.collect(async () => {
    const { ready } = await gauged.readiness.look();
    registry.set("ready", ready ? 1 : 0);
  });
  registry.collect(async () => registry.set("diskFree", await gauged.freeBytes()));
}
