import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readTailMessage } from "./tail-messages.ts";

suite("tail messages", () => {
  test("a config says what is carried and what is left out", () => {
    const text = JSON.stringify({
      type: "config",
      mime: "video/mp4",
      originUs: 5,
      later: "unknown",
      tracks: [
        { type: "video", codec: "V_X", carried: true },
        { type: "audio", codec: "A_MS/ACM", carried: false },
      ],
    });
    assert.deepEqual(readTailMessage(text), {
      type: "config",
      mime: "video/mp4",
      originUs: 5,
      hasVideo: true,
      hasAudio: false,
      leftOut: ["A_MS/ACM"],
    });
  });

  test("offline may or may not know since when", () => {
    const since = readTailMessage('{"type":"offline","sinceMs":12}');
    assert.deepEqual(since, { type: "offline", sinceMs: 12 });
    assert.deepEqual(readTailMessage('{"type":"offline"}'), {
      type: "offline",
      sinceMs: undefined,
    });
  });

  test("an error says which codecs it is about, if any", () => {
    const error = { type: "error", code: "codec.unsupported", message: "no", codecs: ["hvc1.1"] };
    assert.deepEqual(readTailMessage(JSON.stringify(error)), error);
    const other = readTailMessage('{"type":"error","code":"internal","message":"it broke"}');
    assert.deepEqual(other?.type === "error" && other.codecs, []);
  });

  test("what is unknown, broken or incomplete is passed over", () => {
    for (const text of [
      "",
      "{",
      "null",
      "7",
      '{"type":"new"}',
      '{"type":"config"}',
      '{"type":"time"}',
    ])
      assert.equal(readTailMessage(text), undefined, text);
  });
});
