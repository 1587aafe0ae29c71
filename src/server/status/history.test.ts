import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { turns } from "../../../test/support/fake-ffmpeg.ts";
import { type Meters, noMeters } from "../../base/meters.ts";
import { History, MOST_SAMPLES, SAMPLE_MS } from "./history.ts";

const looked = { producers: 2, viewers: 3, freeBytes: 5, unarchivedMs: 0 };

suite("the server's last hours", () => {
  test("bytes and acks are of the time since the sample before", async () => {
    const clock = new FakeClock();
    const history = new History({ clock, look: async () => looked, storedBytes: async () => 9 });
    let told = 0;
    const counted: Meters = { ...noMeters, fragmentPersisted: () => told++ };
    const meters = history.tapped(counted);
    history.start();
    await turns();
    meters.fragmentReceived("a", 1_000_000, 0);
    meters.fragmentReceived("b", 250_000, 0);
    meters.fragmentPersisted("a", 10);
    meters.fragmentPersisted("b", 30);
    clock.advance(SAMPLE_MS);
    await turns();
    clock.advance(SAMPLE_MS);
    await turns();
    const [first, second, third] = history.since(0);
    assert.equal(told, 2, "whoever counted before still does");
    assert.deepEqual([first?.kbits, second?.kbits, third?.kbits], [0, 1000, 0]);
    assert.deepEqual([second?.ackMs, second?.ackMaxMs], [20, 30]);
    assert.equal(third?.ackMs, undefined, "no ack is no figure");
    assert.deepEqual(history.since(second?.atMs ?? 0), [third]);
    await history.stop();
    assert.equal(clock.pendingTimers, 0);
  });

  test("the oldest goes when there are too many; stored bytes are asked for once a minute, and each time in the first", async () => {
    const clock = new FakeClock();
    let asked = 0;
    const storedBytes = async () => ++asked;
    const history = new History({ clock, look: async () => looked, storedBytes });
    const began = clock.now();
    history.start();
    for (let i = 0; i < MOST_SAMPLES; i++) {
      await turns();
      clock.advance(SAMPLE_MS);
    }
    await turns();
    const samples = history.since(0);
    assert.equal(samples.length, MOST_SAMPLES);
    assert.equal(samples[0]?.atMs, began + SAMPLE_MS);
    assert.equal(asked, 5 + Math.ceil((MOST_SAMPLES + 1) / 6));
    await history.stop();
  });

  test("what cannot be looked at leaves a hole, and the next sample comes", async () => {
    const clock = new FakeClock();
    let away = true;
    const look = async () => {
      if (away) throw new Error("the index is away");
      return looked;
    };
    const history = new History({ clock, look, storedBytes: async () => 1 });
    history.start();
    await turns();
    assert.equal(history.since(0).length, 0);
    away = false;
    clock.advance(SAMPLE_MS);
    await turns();
    assert.equal(history.since(0).length, 1);
    await history.stop();
  });
});
