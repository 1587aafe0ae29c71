import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { auditDetail, auditWords, passesFilter } from "./audit-words.ts";
import { eventText } from "./event-words.ts";
import { previewText } from "./preview-text.ts";
import { pushLines, rtmpServer, streamKey } from "./push-lines.ts";
import { dayTime, fieldMs, localField } from "./times.ts";

const at = (ms: number) => `@${ms}`;
const none = { packs: 0, bytes: 0 };

suite("what a retention would delete", () => {
  test("nothing, and what is held", () => {
    const preview = {
      ...none,
      byAge: none,
      bySize: none,
      held: { packs: 1, bytes: 2e6 },
      complete: true,
    };
    assert.deepEqual(previewText(preview, at), [
      "Nothing would be deleted.",
      "Held, and kept all the same: 2.0 MB.",
    ]);
  });

  test("how much, from when to when, why; at least, where not all was looked at", () => {
    const byAge = { packs: 2, bytes: 3e9 };
    const bySize = { packs: 1, bytes: 1e9 };
    const whole = {
      packs: 3,
      bytes: 4e9,
      from: 1,
      to: 9,
      byAge,
      bySize,
      held: none,
      complete: true,
    };
    assert.deepEqual(previewText(whole, at), [
      "This would delete 4.0 GB, from @1 to @9, within a minute and for good.",
      "3.0 GB too old, 1.0 GB over the size.",
    ]);
    assert.match(
      previewText({ ...whole, complete: false }, at)[0] ?? "",
      /delete at least 4\.0 GB/,
    );
  });
});

suite("what is typed into an encoder", () => {
  const target = { stream: "desk", host: "10.0.0.2", origin: "http://10.0.0.2:8080", rtmpUrl: "" };
  const withKey = { ...target, token: "AKSB1.it's" };

  test("server and stream key, over TLS where there is a certificate, of the stream's node where there are several", () => {
    assert.equal(rtmpServer(target, { rtmpPort: 1935 }), "rtmp://10.0.0.2:1935/live");
    assert.equal(
      rtmpServer(target, { rtmpPort: 1935, rtmpsPort: 1936 }),
      "rtmps://10.0.0.2:1936/live",
    );
    assert.equal(rtmpServer({ ...target, host: "::1" }, { rtmpPort: 1 }), "rtmp://[::1]:1/live");
    const node = { ...target, rtmpUrl: "rtmp://node-2:1935/" };
    assert.equal(rtmpServer(node, { rtmpPort: 1 }), "rtmp://node-2:1935/live");
    assert.equal(rtmpServer(target, {}), undefined);
    assert.deepEqual([streamKey(target), streamKey(withKey)], ["desk", "desk?key=AKSB1.it's"]);
  });

  test("what a shell would read otherwise is quoted; without RTMP there are no lines for it", () => {
    const lines = pushLines(withKey, { rtmpPort: 1935 });
    const [file] = lines;
    assert.ok(
      file?.text.endsWith(String.raw`-f flv 'rtmp://10.0.0.2:1935/live/desk?key=AKSB1.it'\''s'`),
    );
    assert.deepEqual(
      pushLines(target, {}).map(({ name }) => name.split(",")[0]),
      ["streambank-producer", "Producer SDK"],
    );
    assert.ok(!JSON.stringify(pushLines(target, { rtmpPort: 1 })).includes("key="));
  });
});

suite("what happened, in words", () => {
  const row = { id: 1, atMs: 0, action: "key-added", stream: "", who: "user:ann" };

  test("the audit's details are read, JSON or not", () => {
    const detail = JSON.stringify({ name: "OBS", actions: ["read", "produce"], createdMs: 7 });
    assert.equal(auditWords(row), "Key made");
    assert.equal(auditDetail({ ...row, detail }, at), "name OBS, actions read, produce, made @7");
    assert.equal(
      auditDetail({ ...row, packs: 1, bytes: 5e6, cause: "age" }, at),
      "age, 1 pack, 5.0 MB",
    );
    assert.equal(auditDetail({ ...row, detail: "{broken" }, at), "{broken");
    assert.equal(auditWords({ action: "something-new" }), "something-new");
  });

  test("filters find the words on the page and the server's own", () => {
    for (const action of ["", "made", "key-", "KEY"])
      assert.ok(passesFilter(row, { action, who: "ann" }));
    assert.ok(!passesFilter(row, { action: "stream", who: "" }));
    assert.ok(!passesFilter(row, { action: "", who: "bob" }));
  });

  test("events", () => {
    const gap = { startMs: 0, endMs: 90_000, cause: "offline" };
    assert.equal(
      eventText({ type: "gap", data: gap }),
      "Gap of 90 seconds: the camera was offline",
    );
    assert.equal(
      eventText({ type: "stream.offline", data: { reason: "ingest.idle" } }),
      "Went offline: ingest.idle",
    );
    assert.equal(eventText({ type: "stream.online", data: {} }), "Came online");
    assert.equal(eventText({ type: "something.new", data: {} }), "something.new");
  });

  test("times of fields come back as they went in; today without its date", () => {
    const ms = 1_790_000_000_000;
    assert.equal(fieldMs(localField(ms)), ms);
    assert.equal(fieldMs(""), undefined);
    assert.match(dayTime(ms, ms), /^\d\d:\d\d:\d\d$/);
    assert.match(dayTime(ms, ms + 3 * 86_400_000), /2026, \d\d:\d\d:\d\d$/);
  });
});
