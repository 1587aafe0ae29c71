import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ConfigItem } from "../../live/feed-items.ts";
import { readCodecs, refusal } from "./accepts.ts";
import { SocketWriter } from "./socket-writer.ts";

const track = (codecId: string, type: "video" | "audio") =>
  ({ number: 1, type, codecId, encoding: "plain" }) as const;
const configOf = (...codecs: [string, "video" | "audio", boolean][]): ConfigItem =>
  ({
    kind: "config",
    format: "fmp4",
    timeline: { session: "s", run: 1 },
    tracks: codecs.map(([codec, type, carried]) => ({ track: track(codec, type), carried })),
  }) as unknown as ConfigItem;

suite("what a viewer can play", () => {
  test("is a list of codec families", () => {
    assert.deepEqual([...readCodecs("avc1,hev1,avc3")], ["avc1", "hvc1"]);
    for (const bad of ["", "avc1,", "avc1;drop", "a".repeat(20), Array(40).fill("vp08").join()])
      assert.throws(() => readCodecs(bad), { code: "request.bad" }, bad);
  });

  test("is held against the tracks that are carried; the answer names the codec and other forms", () => {
    const vp9 = configOf(["V_VP9", "video", true], ["A_OPUS", "audio", true]);
    assert.equal(refusal(vp9, readCodecs("vp09,opus"), "a b"), undefined);
    const said = refusal(vp9, readCodecs("avc1,opus"), "a b");
    assert.ok(said?.kind === "error");
    assert.match(said.message, /vp09/);
    assert.deepEqual(said.alternatives, ["/v1/streams/a%20b/clip.mkv", "/v1/streams/a%20b/images"]);
    const left = configOf(["V_VP9", "video", false]);
    assert.equal(
      refusal(left, readCodecs("avc1"), "x"),
      undefined,
      "what is not sent is no matter",
    );
  });

  test("a timeline that it cannot play is answered, its media not sent; the next one is", () => {
    const sent: unknown[] = [];
    const send = (data: unknown) => {
      sent.push(typeof data === "string" ? JSON.parse(data).type : "media");
    };
    const codecs = readCodecs("vp09");
    const writer = new SocketWriter({ send, bufferedAmount: 0, readyState: 1 } as never, {
      onFailed: () => assert.fail(),
      refuse: (config) => refusal(config, codecs, "x"),
    });
    const chunk = { kind: "chunk", bytes: new Uint8Array(3), source: {}, joins: true } as never;
    writer.push(configOf(["A_OPUS", "audio", true]));
    writer.push(chunk);
    writer.push(configOf(["V_VP9", "video", true]));
    writer.push(chunk);
    assert.deepEqual(sent, ["error", "config", "media"]);
  });
});
