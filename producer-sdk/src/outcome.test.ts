/** What `flush` and `end` say became of the media, and what a full buffer gives up. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { START_MS, START_US, setUp, TRACKS } from "../../test/support/producer.ts";
import type { Outcome } from "./events.ts";
import type { FragmentStore, KeptFragment } from "./fragment-store.ts";

const NOTHING = {
  durable: 0,
  waiting: 0,
  kept: 0,
  refused: 0,
  dropped: 0,
  waitingUs: 0,
  lostUs: 0,
};
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Resolves with what the promise has come to, or undefined. */
async function now(promise: Promise<Outcome>): Promise<Outcome | undefined> {
  return Promise.race([promise, settle().then(() => undefined)]);
}

suite("what flush says", () => {
  test("a fragment that the server refuses during the flush is not durable", async () => {
    const { link, clock, producer, video } = setUp();
    link().handlers.opened();
    video(0, 20);
    const flushed = producer.flush();
    link().ack("PERSISTED", START_MS);
    link().ack("ERROR", START_MS + 1000, { ErrorId: 4006, ErrorCode: "INVALID_MKV_DATA" });
    assert.deepEqual(await now(flushed), { ...NOTHING, durable: 1, refused: 1, lostUs: 900_000 });
    clock.advance(60_000);
    const ended = producer.end(1000);
    clock.advance(1000);
    assert.deepEqual(await ended, { ...NOTHING, durable: 1, refused: 1, lostUs: 900_000 });
  });

  test("what is given up during the flush, because more was put, is not durable", async () => {
    const { producer, clock, video } = setUp({ maxBufferBytes: 50_000 });
    video(0, 20, 10, 1000);
    const flushed = producer.flush(5000);
    assert.equal(await now(flushed), undefined, "it waits for them");
    video(20, 100, 10, 1000);
    const outcome = await now(flushed);
    assert.deepEqual([outcome?.waiting, outcome?.durable], [0, 0]);
    assert.ok((outcome?.dropped ?? 0) >= 2, JSON.stringify(outcome));
    assert.equal(outcome?.lostUs, (outcome?.dropped ?? 0) * 1_000_000);
    clock.advance(5000);
  });

  test("it waits for what was put before it, not for what a camera goes on to put", async () => {
    const { link, producer, video } = setUp();
    link().handlers.opened();
    video(0, 10);
    const flushed = producer.flush();
    video(10, 25);
    assert.equal(await now(flushed), undefined);
    link().ack("PERSISTED", START_MS);
    assert.deepEqual(await now(flushed), { ...NOTHING, durable: 1 });
    assert.equal(producer.stats.waiting, 2);
  });

  test("it ends when the last one is gone although an earlier one waits longest", async () => {
    const { link, producer, clock, video } = setUp();
    link().handlers.opened();
    video(0, 20);
    const flushed = producer.flush(3000);
    link().ack("ERROR", START_MS + 1000, { ErrorId: 4006, ErrorCode: "INVALID_MKV_DATA" });
    assert.equal(await now(flushed), undefined, "the first one is undecided");
    clock.advance(3000);
    const { waiting, refused, waitingUs } = await flushed;
    assert.deepEqual([waiting, refused, waitingUs], [1, 1, 1_000_000]);
  });

  test("what a store keeps is told apart from what is in memory alone", async () => {
    let room = 1;
    const store = aStore([], () => room-- > 0);
    const { clock, producer, video } = setUp({ store });
    await settle();
    video(0, 20);
    const ended = producer.end(100);
    await settle();
    clock.advance(100);
    const { waiting, kept } = await ended;
    assert.deepEqual([waiting, kept], [2, 1]);
  });

  test("what the store has lost ends the wait, and is told", async () => {
    const lost: KeptFragment = {
      ...{ startUs: START_US, bytes: 10, append() {}, seal() {}, remove() {} },
      read: () => Promise.reject(new Error("gone")),
    };
    const { link, producer } = setUp({ store: aStore([lost]) });
    await settle();
    const flushed = producer.flush();
    link().handlers.opened();
    await settle();
    assert.deepEqual(await now(flushed), { ...NOTHING, dropped: 1 });
  });
});

/** Keeps what `takes` says, and gives nothing back. */
function aStore(left: readonly KeptFragment[], takes: () => boolean = () => true): FragmentStore {
  return {
    open: async () => left,
    begin(startUs) {
      if (!takes()) throw new Error("full");
      return { startUs, bytes: 0, append() {}, seal() {}, remove() {}, read: async () => noBytes };
    },
    close: async () => {},
  };
}

const noBytes = new Uint8Array();

suite("a buffer with a limit in time", () => {
  test("gives up the oldest whole fragments, and says which", () => {
    const { producer, video, events, link } = setUp({ maxBufferMs: 3000 });
    video(0, 31);
    assert.equal(producer.stats.dropped, 0, "30 pictures in whole fragments and one more: 3 s");
    video(31, 75);
    const dropped = events.filter((e) => e.kind === "dropped");
    assert.deepEqual(
      dropped.map(({ fromUs, toUs, frames }) => [fromUs - START_US, toUs - START_US, frames]),
      [0, 1, 2, 3, 4].slice(0, dropped.length).map((s) => [s * 1e6, (s + 1) * 1e6, 10]),
    );
    assert.equal(dropped.length, 5, "of 7.4 s those before the last 3");
    assert.ok(producer.stats.waitingUs <= 3e6, `${producer.stats.waitingUs}`);
    assert.equal(producer.stats.lostUs, 5e6);
    link().handlers.opened();
    assert.equal(link().clusters()[0]?.ms, START_MS + 5000);
  });

  test("counts media, not the clock: a clock that was set forward or a pause gives nothing up", () => {
    const { producer } = setUp({ maxBufferMs: 3000 });
    const hour = 3_600_000_000;
    for (const at of [0, 900_000, hour, hour + 900_000, 0, 500_000])
      producer.putFrame({
        ...{ track: 1, data: Uint8Array.of(1), timestampUs: START_US + at },
        key: at % 1_000_000 === 0,
      });
    assert.equal(producer.stats.dropped, 0);
    assert.equal(producer.stats.waitingUs, 900_000 * 2 + 500_000);
  });

  test("what an earlier process left counts by what followed it", async () => {
    const kept = [0, 1, 2, 3].map((second) => ({
      ...{ startUs: START_US + second * 1e6, bytes: 10, append() {}, seal() {}, remove() {} },
      read: async () => noBytes,
    }));
    const { producer, video } = setUp({ store: aStore(kept), maxBufferMs: 5500 });
    await settle();
    assert.equal(producer.stats.waitingUs, 3e6);
    video(40, 66);
    assert.equal(producer.stats.dropped, 1, "6.5 s are one too many");
    assert.equal(producer.stats.waitingUs, 5.5e6);
  });

  test("sound alone is bounded too; neither the open nor a half sent fragment goes", () => {
    const { link, producer, clock } = setUp({ tracks: TRACKS.slice(1), maxBufferMs: 4000 });
    link().handlers.opened();
    const put = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        const timestampUs = START_US + i * 100_000;
        producer.putFrame({ track: 2, data: new Uint8Array(9).fill(i), timestampUs, key: true });
      }
    };
    put(0, 3);
    link().bufferedBytes = 1 << 20;
    put(3, 121);
    assert.equal(producer.stats.dropped, 4);
    link().bufferedBytes = 0;
    clock.advance(20);
    const [half, next] = link().clusters();
    assert.deepEqual([half?.frames.length, next?.ms], [20, START_MS + 10_000]);
  });

  test("a limit that is none is refused", () => {
    for (const maxBufferMs of [0, -1, Number.NaN])
      assert.throws(() => setUp({ maxBufferMs }), { code: "config.bad" });
  });
});
