import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openDirectIndex } from "../../../test/support/archives.ts";
import { failing } from "../../../test/support/failing.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import { silentLogger } from "../../base/logger.ts";
import { noEventMeters } from "./event-meters.ts";
import { Outbox } from "./outbox.ts";
import { Presence } from "./presence.ts";
import { PresenceRecords } from "./presence-records.ts";

const STEPS = new Set(["commit", "putRecord", "deleteRecord"]);

/** The life of a process on this index, from its start. */
async function life(index: FragmentIndex, clock: FakeClock, node = "n") {
  const outbox = await Outbox.open({
    ...{ index, clock, log: silentLogger, meters: noEventMeters, written: () => {} },
  });
  const records = new PresenceRecords({ index, clock, node });
  const tell = outbox.tell.bind(outbox);
  await records.tellDead(tell);
  return { outbox, presence: new Presence({ clock, tell, records }) };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function told(index: FragmentIndex): Promise<string[]> {
  return (await index.events(0, 100)).map(({ stream, type }) => `${stream} ${type}`);
}

suite("a stream that was online when its process died", { timeout: 20_000 }, () => {
  for (const effect of ["lost", "done"] as const)
    test(`is told offline at the next start, whichever step was the last (${effect})`, async () => {
      let died = true;
      for (let failAt = 1; died; failAt++) {
        const clock = new FakeClock();
        const index = await openDirectIndex(":memory:");
        // From this call on the process does nothing more.
        const plan = { calls: 0, failAt, effect, persistent: true };
        const { presence } = await life(failing(index, plan, STEPS), clock);
        presence.began("door", "s");
        await turns();
        presence.ended("door", "s", undefined);
        clock.advance(10_000);
        await turns();
        died = plan.calls >= failAt;
        const began = died ? failAt > 1 || effect === "done" : true;
        const next = await life(index, clock);
        await next.outbox.idle();
        const events = await told(index);
        const once = ["door stream.online", "door stream.offline"];
        // Nothing was written down: then nobody was told that it came.
        if (events.length > 0 || began) {
          assert.deepEqual([...new Set(events)], once, `step ${failAt}: ${events.join(", ")}`);
          assert.equal(events.at(-1), "door stream.offline");
        }
        const last = await life(index, clock);
        await last.outbox.idle();
        assert.deepEqual(await told(index), events, "a third start has nothing to tell");
        assert.ok(died || events.length === 2, "without a failure each is told once");
        await index.close();
      }
    });

  test("is not told by another node, and says when it was last seen", async () => {
    const clock = new FakeClock();
    const index = await openDirectIndex(":memory:");
    const { outbox, presence } = await life(index, clock, "a");
    presence.began("door", "s");
    await outbox.idle();
    const other = await life(index, clock, "b");
    await other.outbox.idle();
    assert.deepEqual(await told(index), ["door stream.online"]);
    const sinceMs = clock.now();
    clock.advance(60_000);
    const again = await life(index, clock, "a");
    await again.outbox.idle();
    const body = JSON.parse((await index.events(1, 1))[0]?.body ?? "{}");
    assert.deepEqual(body, {
      onlineSinceMs: sinceMs,
      lastSeenMs: sinceMs,
      reason: "server.died",
    });
    await index.close();
  });
});
