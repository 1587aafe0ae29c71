import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { checkAddress, MAX_SOURCES, readSourceFields, readSources } from "./source-config.ts";

const URL_WITH_PASSWORD = "rtsp://admin:hunter2@cam/live";

suite("readSources", () => {
  test("gives a source for each stream, with the sound unless it says otherwise", () => {
    const value = {
      door: { url: URL_WITH_PASSWORD },
      yard: { url: "RTSPS://10.0.0.7/1?x=[y]", audio: false },
    };
    assert.deepEqual(readSources(value, "sources"), [
      { stream: "door", url: URL_WITH_PASSWORD, audio: true },
      { stream: "yard", url: "RTSPS://10.0.0.7/1?x=[y]", audio: false },
    ]);
    assert.deepEqual(readSources({}, "sources"), []);
  });

  test("names the place of what it refuses and never repeats a value", () => {
    const bad: [unknown, RegExp][] = [
      [[URL_WITH_PASSWORD], /^sources: must be an object/],
      ["hunter2", /^sources: must be an object/],
      [null, /^sources: must be an object/],
      [{ "a b": { url: URL_WITH_PASSWORD } }, /^sources: not a stream name .*"a b"$/],
      [{ door: URL_WITH_PASSWORD }, /^sources\.door: must be/],
      [{ door: {} }, /^sources\.door: url must be a text/],
      [{ door: { url: 7 } }, /^sources\.door: url/],
      [{ door: { url: URL_WITH_PASSWORD, audio: "hunter2" } }, /^sources\.door: audio/],
      [{ door: { url: URL_WITH_PASSWORD, adio: false } }, /^sources\.door: unknown key adio/],
      [{ door: { url: "http://u:hunter2@cam/" } }, /^sources\.door: .*rtsp:\/\//],
    ];
    for (const [value, message] of bad)
      assert.throws(
        () => readSources(value, "sources"),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, "config.bad");
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /hunter2/);
          return true;
        },
      );
  });

  test(`takes ${MAX_SOURCES} and not one more`, () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, { url: "rtsp://a" }]));
    assert.equal(readSources(many(MAX_SOURCES), "sources").length, MAX_SOURCES);
    assert.throws(() => readSources(many(MAX_SOURCES + 1), "sources"), { code: "config.bad" });
  });
});

suite("readSourceFields and checkAddress", () => {
  test("a body that is none is a bad request", () => {
    for (const value of [undefined, "rtsp://a", [], {}, { url: 1 }, { url: "rtsp://a", user: "x" }])
      assert.throws(() => readSourceFields(value), { code: "request.bad" });
  });

  test("only RTSP is an address: ffmpeg would open the rest, too", () => {
    const refused = [
      ...["/etc/passwd", "file:///etc/passwd", "http://cam/", "concat:rtsp://a", "-i", ""],
      ...[
        "rtsp:cam",
        "rtsp://",
        "rtsp://a b",
        "rtsp://a\nb",
        "rtsp://a\0b",
        "xrtsp://a",
        "rtsp://ä/",
      ],
      `rtsp://${"a".repeat(2048)}`,
    ];
    for (const url of refused)
      assert.throws(() => checkAddress(url), { code: "source.bad-address" }, url.slice(0, 40));
    for (const url of ["rtsp://a", "rtsps://a:322/b?c#d", `rtsp://${"a".repeat(2041)}`])
      assert.doesNotThrow(() => checkAddress(url));
  });
});
