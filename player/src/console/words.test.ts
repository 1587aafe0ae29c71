import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { StreamView } from "./api.ts";
import {
  bitsText,
  bytesText,
  keptText,
  matches,
  producerText,
  spanText,
  stateText,
  trackText,
} from "./words.ts";

const stream: StreamView = {
  ...{ name: "door", createdMs: 0, retentionHours: 24, retentionBytes: 0, version: "1" },
  ...{ live: false, viewers: 0, bytes: 0 },
};
const at = (ms: number) => `@${ms}`;

suite("figures in words", () => {
  test("bytes by thousands, never 1000 of a unit", () => {
    const given = [0, 950, 999, 1000, 999_499, 999_500, 1_234_567, 37_400_000_000, 2.5e15];
    const said = [
      "0 bytes",
      "950 bytes",
      "999 bytes",
      "1 KB",
      "999 KB",
      "1.0 MB",
      "1.2 MB",
      "37 GB",
      "2.5 PB",
    ];
    assert.deepEqual(given.map(bytesText), said);
  });

  test("bits a second", () => {
    assert.deepEqual([0, 812.4, 999.6, 2480, 120_000].map(bitsText), [
      ...["0 kbit/s", "812 kbit/s", "1.0 Mbit/s", "2.5 Mbit/s", "120 Mbit/s"],
    ]);
  });

  test("spans in the largest unit that is there twice, or exactly once", () => {
    const [s, m, h, d] = [1000, 60_000, 3_600_000, 86_400_000];
    const given = [0, s, 90 * s, m, 119 * m, 2 * h, 24 * h, 36 * h, 7 * d, 400 * d, 800 * d];
    assert.deepEqual(given.map(spanText), [
      ...["0 seconds", "1 second", "90 seconds", "1 minute", "119 minutes", "2 hours"],
      ...["1 day", "36 hours", "7 days", "400 days", "2 years"],
    ]);
    assert.deepEqual([0, 6, 168].map(keptText), ["live only, nothing kept", "6 hours", "7 days"]);
  });
});

suite("a camera in words", () => {
  test("live, offline since its last frame, never seen, and why", () => {
    assert.deepEqual(stateText({ ...stream, live: true }, at), { condition: "live", text: "LIVE" });
    assert.deepEqual(stateText({ ...stream, lastFrameMs: 5, lastMs: 4 }, at), {
      ...{ condition: "offline", text: "OFFLINE since @5" },
    });
    assert.equal(stateText({ ...stream, lastMs: 4 }, at).text, "OFFLINE since @4");
    const source = { address: "rtsp://cam", state: "no source", reason: "no route" };
    assert.deepEqual(stateText({ ...stream, source }, at), {
      ...{ condition: "new", text: "No picture yet", reason: "no route" },
    });
  });

  test("what sends it", () => {
    const producer = (protocol: string) => ({ protocol, sinceMs: 0 });
    const said = ["put-media", "websocket", "rtmp", "new-one"].map((protocol) =>
      producerText({ producer: producer(protocol) }),
    );
    assert.deepEqual(said, ["KVS producer", "SDK or webcam", "RTMP encoder", "new-one"]);
    assert.equal(producerText({}), "nothing yet");
    const source = { address: "", state: "live" };
    assert.equal(producerText({ producer: producer("source"), source }), "IP camera");
  });

  test("tracks by their usual names", () => {
    const video = { type: "video", codec: "V_MPEG4/ISO/AVC", width: 1280, height: 720 };
    assert.equal(trackText(video), "H.264 1280×720");
    assert.equal(trackText({ type: "audio", codec: "A_AAC", sampleRate: 48_000 }), "AAC 48 kHz");
    assert.equal(trackText({ type: "audio", codec: "A_SOMETHING" }), "A_SOMETHING");
  });

  test("patterns of names are no regular expressions", () => {
    assert.ok(matches("*", "door") && matches("front*", "front-door") && matches("a.b", "a.b"));
    assert.ok(
      !matches("a.b", "axb") && !matches("front*", "the-front") && !matches("door", "doors"),
    );
  });
});
