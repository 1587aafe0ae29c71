import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FROZEN_MS, minutes, type PlayerFacts, stateOf } from "./states.ts";

const live: PlayerFacts = {
  mode: "live",
  paused: false,
  connected: true,
  offlineSinceMs: undefined,
  error: undefined,
  pictureAgeMs: 30,
  latencyMs: 180,
  nothingRecorded: false,
};
const playback: PlayerFacts = { ...live, mode: "playback", latencyMs: 312_000 };
const at = (ms: number) => `t${ms}`;
const line = (facts: Partial<PlayerFacts>, base = live) => {
  const { name, detail } = stateOf({ ...base, ...facts }, at);
  return `${name} ${detail}`.trim();
};

suite("the player's state", () => {
  test("is LIVE with the measured latency while pictures come", () => {
    assert.equal(line({}), "LIVE 0.2 s");
    assert.equal(line({ latencyMs: -40 }), "LIVE 0.0 s");
  });

  test("is never LIVE when no new picture came for two seconds, whatever else is true", () => {
    const values = {
      connected: [true, false],
      paused: [true, false],
      offlineSinceMs: [undefined, 0, 5],
      latencyMs: [undefined, 100, 99_999],
    };
    for (const connected of values.connected)
      for (const paused of values.paused)
        for (const offlineSinceMs of values.offlineSinceMs)
          for (const latencyMs of values.latencyMs)
            for (const pictureAgeMs of [undefined, FROZEN_MS + 1, 60_000]) {
              const facts = { ...live, connected, paused, offlineSinceMs, latencyMs, pictureAgeMs };
              const { name } = stateOf(facts, at);
              assert.ok(name !== "LIVE" && name !== "BEHIND", JSON.stringify(facts));
            }
  });

  test("says for how long the picture stands, and whether the connection is gone", () => {
    assert.equal(line({ pictureAgeMs: 3400 }), "BUFFERING no new picture for 3 s");
    const lost = "BUFFERING no new picture for 3 s, connection lost, connecting again";
    assert.equal(line({ pictureAgeMs: 3400, connected: false }), lost);
    assert.equal(stateOf({ ...live, pictureAgeMs: 3400 }, at).stale, true);
  });

  test("says that the network is slow, and that it comes back after the page was hidden", () => {
    assert.equal(line({ slow: true }), "LIVE 0.2 s, slow network: pictures are left out");
    assert.match(line({ slow: true, latencyMs: 75_000 }), /^BEHIND −01:15, slow network/);
    const none = { pictureAgeMs: undefined, returning: true };
    assert.equal(line(none), "BUFFERING coming back, the page was hidden");
  });

  test("is OFFLINE since the time the server said, once the last pictures have been shown", () => {
    assert.equal(line({ offlineSinceMs: 77, pictureAgeMs: 2500 }), "OFFLINE since t77");
    assert.equal(line({ offlineSinceMs: 77, pictureAgeMs: 100 }), "LIVE 0.2 s");
    assert.equal(
      line({ offlineSinceMs: 0, pictureAgeMs: undefined }),
      "OFFLINE no camera connected",
    );
  });

  test("is BEHIND from five seconds on", () => {
    assert.equal(line({ latencyMs: 5000 }), "LIVE 5.0 s");
    assert.equal(line({ latencyMs: 75_000 }), "BEHIND −01:15");
  });

  test("is BUFFERING before the first picture", () => {
    const none = { pictureAgeMs: undefined };
    assert.equal(line({ ...none, connected: false }), "BUFFERING connecting");
    assert.equal(line(none), "BUFFERING waiting for the first picture");
    assert.equal(line(none, playback), "BUFFERING");
  });

  test("in playback says how far behind the camera it is", () => {
    assert.equal(line({}, playback), "PLAYBACK −05:12");
    assert.equal(line({ paused: true, pictureAgeMs: 99_000 }, playback), "PAUSED −05:12");
    assert.equal(line({ nothingRecorded: true }, playback), "NO RECORDING from here on");
  });

  test("an error comes before everything else", () => {
    assert.equal(line({ error: "it broke", offlineSinceMs: 5 }), "ERROR it broke");
    assert.equal(line({ error: "it broke" }, playback), "ERROR it broke");
  });

  test("spans are written with hours only when there are some", () => {
    assert.equal(minutes(59_999), "00:59");
    assert.equal(minutes(3_599_000), "59:59");
    assert.equal(minutes(36_061_000), "10:01:01");
    assert.equal(minutes(-5), "00:00");
  });
});
