import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { NewEvent } from "../../archive/index/index-events.ts";
import { Presence } from "./presence.ts";

function make() {
  const clock = new FakeClock();
  const told: NewEvent[] = [];
  const presence = new Presence({ clock, tell: (event) => void told.push(event) });
  const types = () => told.map(({ type, stream }) => `${stream} ${type}`);
  return { clock, told, presence, types };
}

suite("presence", () => {
  test("a stream is offline when its producer has been gone for ten seconds", () => {
    const { clock, told, presence, types } = make();
    presence.began("door", "a");
    clock.advance(60_000);
    presence.ended("door", "a", "ingest.idle");
    clock.advance(9_999);
    assert.deepEqual(types(), ["door stream.online"]);
    clock.advance(1);
    assert.deepEqual(types(), ["door stream.online", "door stream.offline"]);
    assert.equal(told[0]?.body, '{"session":"a"}');
    const since = Number(told[0]?.atMs);
    assert.deepEqual(JSON.parse(told[1]?.body ?? ""), {
      onlineSinceMs: since,
      lastSeenMs: since + 60_000,
      reason: "ingest.idle",
    });
  });

  test("a reconnect, before or after the old connection ends, tells nothing", () => {
    const { clock, presence, types } = make();
    presence.began("door", "a");
    presence.ended("door", "a", undefined);
    clock.advance(9_000);
    presence.began("door", "b");
    clock.advance(60_000);
    presence.began("door", "c");
    presence.ended("door", "b", undefined);
    clock.advance(60_000);
    assert.deepEqual(types(), ["door stream.online"]);
  });

  test("a stop tells all that are still online", () => {
    const { clock, presence, types } = make();
    presence.began("door", "a");
    presence.began("yard", "b");
    presence.ended("door", "a", undefined);
    presence.close();
    clock.advance(60_000);
    assert.deepEqual(types().slice(2), ["door stream.offline", "yard stream.offline"]);
    assert.equal(clock.pendingTimers, 0);
  });
});
