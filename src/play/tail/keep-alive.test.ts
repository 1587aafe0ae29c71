import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { DEAD_AFTER_MS, KeepAlive, MAX_MESSAGES, PING_EVERY_MS } from "./keep-alive.ts";

class Peer {
  readonly readyState = 1;
  pings = 0;
  terminated = false;
  closedWith: number | undefined;
  ping(): void {
    this.pings++;
  }
  terminate(): void {
    this.terminated = true;
  }
  close(code?: number): void {
    this.closedWith = code;
  }
}

function start(progress: () => number = () => 0) {
  const [clock, peer] = [new FakeClock(), new Peer()];
  return { clock, peer, keepAlive: new KeepAlive(peer, { clock, progress }) };
}

suite("KeepAlive", () => {
  test("pings every 15 s and keeps a viewer that answers for ever", () => {
    const { clock, peer, keepAlive } = start();
    for (let i = 0; i < 1000; i++) {
      clock.advance(PING_EVERY_MS);
      keepAlive.alive();
    }
    assert.equal(peer.pings, 1000);
    assert.equal(peer.terminated, false);
  });

  test("disconnects a viewer that gave no sign for DEAD_AFTER_MS, not before", () => {
    const { clock, peer } = start();
    clock.advance(DEAD_AFTER_MS - 1);
    assert.equal(peer.terminated, false);
    clock.advance(1);
    assert.equal(peer.terminated, true);
    assert.equal(clock.pendingTimers, 0);
  });

  test("takes bytes that left the socket for a sign of life", () => {
    let flushes = 0;
    const { clock, peer } = start(() => flushes);
    for (let i = 0; i < 20; i++) {
      clock.advance(DEAD_AFTER_MS / 2);
      flushes++;
    }
    assert.equal(peer.terminated, false);
    clock.advance(2 * DEAD_AFTER_MS);
    assert.equal(peer.terminated, true);
  });

  test("closes with 1008 a viewer that sends more than MAX_MESSAGES between two pings", () => {
    const { clock, peer, keepAlive } = start();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < MAX_MESSAGES; i++) keepAlive.message();
      clock.advance(PING_EVERY_MS);
    }
    assert.equal(peer.closedWith, undefined);
    for (let i = 0; i <= MAX_MESSAGES; i++) keepAlive.message();
    assert.equal(peer.closedWith, 1008);
  });

  test("stops with its socket", () => {
    const { clock, keepAlive } = start();
    keepAlive.stop();
    assert.equal(clock.pendingTimers, 0);
  });
});
