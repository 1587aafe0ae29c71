import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openEventIndex } from "../../../test/support/event-index.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { errorEvent } from "../../archive/events.ts";
import type { HookRow } from "../../archive/index/index-events.ts";
import { silentLogger } from "../../base/logger.ts";
import { micros, millis } from "../../base/units.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import { noEventMeters } from "./event-meters.ts";
import { eventView } from "./event-view.ts";
import { Outbox } from "./outbox.ts";

const number = { sequence: 7, receivedMs: millis(1_700_000_002_000), salt: 5 };
const fragment: StoredFragment = {
  info: {
    number,
    producedStartUs: micros(1_700_000_000_000_500),
    producedEndUs: micros(1_700_000_002_000_500),
    seekable: true,
    session: "s",
    run: 1,
    totals: [],
  },
  ...{ packId: "p", trackSetId: "t", offset: 0, size: 1000, blocksOffset: 0, blocksSize: 900 },
  ...{ blocksCrc: 0, clusterNs: 0n },
};

const hook = (over: Partial<HookRow>): HookRow => ({
  ...{ id: "h", url: "http://example.com/", secret: "s", types: [], streams: "*" },
  ...{ createdMs: millis(0), deliveredId: 0 },
  ...over,
});

async function open(maxWaiting?: number) {
  const clock = new FakeClock();
  const index = await openEventIndex(clock);
  let dropped = 0;
  const outbox = await Outbox.open({
    ...{ index, clock, log: silentLogger, written: () => {} },
    meters: { ...noEventMeters, eventsDropped: (count) => (dropped += count) },
    ...(maxWaiting === undefined ? {} : { maxWaiting }),
  });
  const tell = (n: number) => {
    const message = `event ${n}`;
    outbox.tell(errorEvent({ code: "test", message, atMs: clock.now() }));
  };
  const said = async () =>
    (await index.events(0, 1000)).map((row) => JSON.parse(row.body) as Record<string, unknown>);
  return { clock, index, outbox, tell, said, dropped: () => dropped };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

suite("the outbox", { timeout: 10_000 }, () => {
  test("makes events of fragments only when a hook wants them", async () => {
    const { outbox } = await open();
    assert.deepEqual(outbox.forPersisted("door", [fragment]), []);
    outbox.hooksChanged([hook({ types: ["gap"] })]);
    assert.deepEqual(outbox.forPersisted("door", [fragment]), []);
    outbox.hooksChanged([hook({ types: ["fragment.persisted"], streams: "yard*" })]);
    assert.deepEqual(outbox.forPersisted("door", [fragment]), []);
    assert.equal(outbox.forPersisted("yard-2", [fragment, fragment]).length, 2);
    outbox.hooksChanged([]);
    assert.deepEqual(outbox.forPersisted("yard-2", [fragment]), []);
  });

  test("says of a fragment which it is and when, in both spellings", async () => {
    const { outbox, clock } = await open();
    outbox.hooksChanged([hook({})]);
    const [event] = outbox.forPersisted("door", [fragment]);
    assert.ok(event !== undefined);
    assert.deepEqual(eventView({ ...event, id: 12 }), {
      id: 12,
      type: "fragment.persisted",
      stream: "door",
      timeMs: clock.now(),
      time: "2023-11-14T22:13:20.000Z",
      data: {
        fragmentNumber: formatFragmentNumber(number),
        sequence: 7,
        startMs: 1_700_000_000_000,
        start: "2023-11-14T22:13:20.000Z",
        endMs: 1_700_000_002_001,
        end: "2023-11-14T22:13:22.001Z",
        receivedMs: 1_700_000_002_000,
        received: "2023-11-14T22:13:22.000Z",
        bytes: 1000,
        seekable: true,
        session: "s",
        run: 1,
      },
    });
  });

  test("writes what it is told in order, and again until it is written", async () => {
    const { outbox, index, clock, tell, said } = await open();
    index.away = true;
    for (const n of [1, 2]) tell(n);
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(outbox.waiting, 2);
    tell(3);
    index.away = false;
    clock.advance(5000);
    await outbox.idle();
    assert.deepEqual(
      (await said()).map(({ message }) => message),
      ["event 1", "event 2", "event 3"],
    );
  });

  test("keeps the first when there are too many, and says how many are missing", async () => {
    const { outbox, index, clock, tell, said, dropped } = await open(3);
    index.away = true;
    for (let n = 1; n <= 10; n++) tell(n);
    await turn();
    index.away = false;
    clock.advance(5000);
    await outbox.idle();
    const all = await said();
    assert.deepEqual(all.map(({ message }) => message).slice(0, 3), [
      "event 1",
      "event 2",
      "event 3",
    ]);
    assert.deepEqual([all[3]?.code, all[3]?.count, all.length], ["events.dropped", 7, 4]);
    assert.equal(dropped(), 7);
  });

  test("does not hold up a stop for an index that is away", async () => {
    const { outbox, index, clock, tell } = await open();
    index.away = true;
    tell(1);
    const closed = outbox.close();
    for (let i = 0; i < 5; i++) await turn();
    clock.advance(2000);
    await closed;
    assert.equal(outbox.waiting, 1);
  });
});
