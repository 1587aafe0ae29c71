import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { openArchive } from "../../../test/support/archives.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { CAMERA, FakeFfmpegs, turns } from "../../../test/support/fake-ffmpeg.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { realClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { Ingest } from "../../ingest/ingest.ts";
import { LiveHub } from "../../live/hub.ts";
import type { SourceView } from "./pulled-source.ts";
import { Pulls } from "./pulls.ts";
import { MAX_SOURCES, type SourceConfig } from "./source-config.ts";
import { SourcePolicy } from "./source-policy.ts";

const cam = (stream: string, url = `rtsp://admin:hunter2@${stream}/live`): SourceConfig => ({
  ...{ stream, url, audio: true },
});

/** Sources over a real archive, with processes and a clock that do as the test says. */
async function scene() {
  const dir = tempDir("pulls");
  const archive = await openArchive(join(dir.path, "data"));
  const clock = new FakeClock();
  const ffmpegs = new FakeFfmpegs();
  const live = new LiveHub({ clock: realClock });
  const ingest = new Ingest({ sink: archive, live, clock: realClock, log: silentLogger });
  const open = (sources: readonly SourceConfig[] = []) =>
    Pulls.open({
      policy: new SourcePolicy(["all"]),
      ...{ ingest, catalogue: archive, defaultRetentionHours: 7, clock, log: silentLogger },
      ...{ spawn: ffmpegs.spawn, dataDir: dir.path, sources },
    });
  return {
    ...{ archive, clock, ffmpegs, ingest, open },
    file: () => readFileSync(join(dir.path, "sources.json"), "utf8"),
    /** A folder where the new file would be. */
    obstacle: join(dir.path, "sources.json.new"),
    addresses: () =>
      ffmpegs.runs.filter(({ isOver }) => !isOver).map(({ args }) => args[args.indexOf("-i") + 1]),
    async [Symbol.asyncDispose]() {
      await ingest.close();
      await archive.close();
      dir[Symbol.dispose]();
    },
  };
}

suite("Pulls", () => {
  test("a source that is put makes its stream and starts, once; another address replaces it", async () => {
    await using s = await scene();
    const pulls = await s.open();
    const first = await pulls.put(cam("door"));
    assert.deepEqual([first.isNew, first.view.address], [true, "rtsp://door/live"]);
    assert.equal((await s.archive.get("door")).retentionHours, 7);
    const again = await pulls.put(cam("door"));
    assert.equal(again.isNew, false);
    assert.equal(s.ffmpegs.runs.length, 1, "the same again starts nothing");
    const other = await pulls.put(cam("door", "rtsp://b/"));
    assert.deepEqual([other.isNew, other.view.address], [false, "rtsp://b/"]);
    assert.deepEqual(s.addresses(), ["rtsp://b/"]);
    await pulls.put({ ...cam("door", "rtsp://b/"), audio: false });
    assert.equal(s.ffmpegs.runs.length, 3, "without the sound it is another one");
    assert.ok(s.ffmpegs.last.args.includes("-an"));
    await pulls.close();
    assert.equal(s.ffmpegs.running, 0);
  });

  test("one that is deleted is over: no process, no session, not in the file", async () => {
    await using s = await scene();
    const pulls = await s.open();
    await pulls.put(cam("door"));
    await pulls.put(cam("yard"));
    s.ffmpegs.runs[0]?.stdout.push(CAMERA);
    while (pulls.find("door")?.state !== "live") await turns();
    await pulls.delete("door");
    assert.deepEqual(s.addresses(), ["rtsp://admin:hunter2@yard/live"]);
    assert.equal(s.ingest.sessions, 0);
    assert.equal(pulls.find("door"), undefined);
    assert.doesNotMatch(s.file(), /door/);
    await s.archive.delete("door");
    await assert.rejects(pulls.delete("door"), { code: "source.not-found" });
    s.ffmpegs.last.stdout.push(CAMERA);
    while (pulls.find("yard")?.state !== "live") await turns();
    await pulls.close();
    assert.deepEqual([s.ffmpegs.running, s.ingest.sessions], [0, 0]);
    assert.notEqual((await s.archive.extent("yard"))?.bytes ?? 0, 0, "what came is stored");
  });

  test("those of the API come back; the configuration file goes before them and loses none", async () => {
    await using s = await scene();
    const before = await s.open();
    await before.put(cam("door", "rtsp://api/door"));
    await before.put(cam("yard", "rtsp://api/yard"));
    await before.close();
    const pulls = await s.open([cam("door", "rtsp://config/door")]);
    assert.deepEqual(s.addresses(), [], "not before start");
    await pulls.start();
    assert.deepEqual(s.addresses(), ["rtsp://config/door", "rtsp://api/yard"]);
    const froms = pulls.list().map(({ stream, from }) => `${stream} ${from}`);
    assert.deepEqual(froms, ["door config", "yard api"]);
    await assert.rejects(pulls.put(cam("door")), { code: "source.in-config" });
    await assert.rejects(pulls.delete("door"), { code: "source.in-config" });
    await pulls.delete("yard");
    assert.match(s.file(), /rtsp:\/\/api\/door/, "still there for when the file has it no more");
    await pulls.close();
  });

  test("without ffmpeg it says what to install, and tries again", async () => {
    await using s = await scene();
    const pulls = await s.open([cam("door")]);
    await pulls.start();
    const sinceMs = s.clock.now() + 1000;
    s.clock.advance(1000);
    s.ffmpegs.last.exit(null, "", true);
    await turns();
    const view = pulls.find("door");
    assert.equal(view?.state, "failed");
    assert.match(view?.reason ?? "", /^ffmpeg is not installed .*apt-get install ffmpeg/);
    assert.equal(view?.sinceMs, sinceMs);
    s.clock.advance(29_999);
    await turns();
    assert.equal(s.ffmpegs.runs.length, 1);
    s.clock.advance(1);
    await turns();
    assert.equal(s.ffmpegs.runs.length, 2);
    assert.equal(pulls.find("door")?.state, "starting");
    await pulls.close();
  });

  test("a camera that stays away keeps its counts and its session ends", async () => {
    await using s = await scene();
    const pulls = await s.open([cam("door")]);
    await pulls.start();
    s.ffmpegs.last.stdout.push(CAMERA);
    while (pulls.find("door")?.frames !== 1725 || s.ingest.sessions === 0) await turns();
    s.ffmpegs.last.exit(1, "cut");
    await turns();
    assert.equal(s.ingest.sessions, 1, "a short break");
    s.clock.advance(1000);
    await turns();
    s.ffmpegs.last.exit(1, "Connection refused");
    while (s.ingest.sessions > 0) await turns();
    const { state, reason, frames, lost } = pulls.find("door") as SourceView;
    assert.deepEqual({ state, frames, lost }, { state: "no source", frames: 1725, lost: 0 });
    assert.match(reason ?? "", /^rtsp:\/\/door\/live: connection refused/);
    await pulls.close();
  });

  test("what cannot be written is not done", async () => {
    await using s = await scene();
    const pulls = await s.open();
    await pulls.put(cam("door"));
    mkdirSync(s.obstacle);
    const code = "store.unavailable";
    await assert.rejects(pulls.put(cam("yard")), { code });
    await assert.rejects(pulls.put(cam("door", "rtsp://b/")), { code });
    await assert.rejects(pulls.delete("door"), { code });
    assert.deepEqual(s.addresses(), ["rtsp://admin:hunter2@door/live"]);
    assert.equal(pulls.find("yard"), undefined);
    rmdirSync(s.obstacle);
    await pulls.put(cam("yard"));
    assert.equal(s.ffmpegs.running, 2);
    await pulls.close();
  });

  test(`${MAX_SOURCES} are the most, from wherever they come`, async () => {
    await using s = await scene();
    const made = await s.open();
    await made.put(cam("one-more"));
    await made.close();
    const many = Array.from({ length: MAX_SOURCES }, (_, i) => cam(`s${i}`));
    await assert.rejects(s.open(many), { code: "source.too-many" });
    const pulls = await s.open(many.slice(1));
    await pulls.start();
    assert.equal(s.ffmpegs.running, MAX_SOURCES);
    await assert.rejects(pulls.put(cam("two-more")), { code: "source.too-many" });
    await pulls.put(cam("one-more", "rtsp://b/"));
    await pulls.close();
    assert.equal(s.ffmpegs.running, 0);
  });

  test("closing, it takes no more", async () => {
    await using s = await scene();
    const pulls = await s.open();
    const last = pulls.put(cam("door"));
    const closed = pulls.close();
    await last.catch(() => {});
    await closed;
    assert.equal(s.ffmpegs.running, 0);
    await assert.rejects(pulls.put(cam("yard")), { code: "server.closing" });
    await assert.rejects(pulls.delete("door"), { code: "server.closing" });
    await assert.rejects(pulls.test("rtsp://a", true), { code: "server.closing" });
  });
});
