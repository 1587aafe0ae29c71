/** RTMP from a real encoder: ffmpeg pushes, and what the archive gives back is what ffmpeg had. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { asFault } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { onlyHere } from "../../src/ingest/placement.ts";
import { openAccess } from "../../src/ingest/push-access.ts";
import { RtmpServer } from "../../src/ingest/rtmp/server.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { type OracleFrame, oracleFrames } from "../support/ebml-oracle.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type MediaKind, makeMedia } from "../support/media.ts";
import { run } from "../support/run.ts";
import { startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const address = ({ rtmpPort }: RunningServer, key: string) =>
  `rtmp://127.0.0.1:${rtmpPort}/live/${key}`;

function push(source: string, target: string, ...more: string[]) {
  const args = ["-v", "error", ...more, "-i", source, "-c", "copy", "-f", "flv", target];
  return run("ffmpeg", args);
}

/** ffmpeg does not wait for what it sent to be stored. */
/** What is stored when no encoder is connected any more; one that has gone may not have been looked at yet. */
async function clipOf(server: RunningServer, stream: string): Promise<Uint8Array> {
  const { ingest } = server.parts;
  const range = "from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
  for (;;) {
    while (ingest.sessions > 0) await new Promise((done) => setImmediate(done));
    const answer = await fetch(`${server.url}/v1/streams/${stream}/clip.mkv?${range}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (answer.status === 200 && ingest.sessions === 0) return bytes;
  }
}

/** Per track, with times from the track's own start: the order of sound among pictures is the muxer's. */
function byTrack(frames: readonly OracleFrame[]): { timeMs: number; sha: string }[][] {
  const tracks = [...new Set(frames.map((f) => f.track))].sort();
  return tracks.map((track) => {
    const own = frames.filter((f) => f.track === track);
    const [first] = own;
    return own.map(({ timeMs, sha }) => ({ timeMs: timeMs - (first?.timeMs ?? 0), sha }));
  });
}

/** By track, then as they are shown, with times from the first picture. */
function byTime(frames: readonly OracleFrame[]): OracleFrame[] {
  const first = Math.min(...frames.filter((f) => f.track === 1).map((f) => f.timeMs));
  return frames
    .map((frame) => ({ ...frame, timeMs: frame.timeMs - first }))
    .sort((a, b) => a.track - b.track || a.timeMs - b.timeMs);
}

/** Of one channel, 16 bits each, as ffmpeg decodes them. */
async function samples(file: string, dir: string, index: number): Promise<Buffer> {
  const out = join(dir, `${index}.pcm`);
  await run("ffmpeg", ["-v", "error", "-i", file, "-map", "0:a", "-f", "s16le", out]);
  return readFileSync(out);
}

async function connected(server: Pick<RunningServer, "rtmpPort">): Promise<Socket> {
  const socket = connect(server.rtmpPort ?? 0, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

suite("RTMP", needs("ffmpeg"), () => {
  for (const kind of [
    "h264-aac",
    "video-only",
    "audio-only",
    "short-groups",
  ] as const satisfies MediaKind[])
    test(`ffmpeg's push of ${kind} comes back: every payload, its order and its time`, async () => {
      await using server = await startTestServer({ createMissing: true });
      const source = await makeMedia(kind);
      await push(source, address(server, "cam?key=anything"));
      const [got, want] = [await clipOf(server, "cam"), readFileSync(source)].map((file) =>
        byTrack(oracleFrames(file)),
      );
      assert.deepEqual(got, want);
    });

  test("sound and picture stay together, and fragments begin at key frames", async () => {
    await using server = await startTestServer({ createMissing: true });
    const source = await makeMedia("h264-aac");
    await push(source, address(server, "cam"));
    const starts = (file: Uint8Array) => {
      const frames = oracleFrames(file);
      const first = (track: number) => frames.find((f) => f.track === track)?.timeMs ?? 0;
      return first(2) - first(1);
    };
    const apart = starts(await clipOf(server, "cam")) - starts(readFileSync(source));
    assert.ok(Math.abs(apart) <= 1, `${apart} ms`);
    const list = await fetch(`${server.url}/v1/streams/cam/fragments`);
    const { fragments } = (await list.json()) as { fragments: { seekable: boolean }[] };
    assert.deepEqual(
      fragments.map((f) => f.seekable),
      [true, true, true],
    );
  });

  test("the sound is the same to the sample, and nowhere more than a millisecond from its pictures", async () => {
    await using server = await startTestServer({ createMissing: true });
    const source = await makeMedia("h264-aac");
    await push(source, address(server, "cam"));
    using dir = tempDir("rtmp-sound");
    const clip = join(dir.path, "clip.mkv");
    writeFileSync(clip, await clipOf(server, "cam"));
    const [want, got] = await Promise.all(
      [source, clip].map((file, i) => samples(file, dir.path, i)),
    );
    assert.ok((want?.length ?? 0) > 2 * 48_000 * 5);
    // What the encoder put in front (1024 samples) is said by Matroska and not by RTMP: it is heard then.
    const start = (got?.length ?? 0) - (want?.length ?? 0);
    assert.ok(start === 0 || start === 2 * 1024, `${start / 2} samples more`);
    assert.ok(got?.subarray(start).equals(want ?? Buffer.alloc(0)), "the same samples");
    // RTMP counts milliseconds: from the first picture to each frame it is what it was, give or take one.
    const [there, here] = [source, clip].map((file) => byTime(oracleFrames(readFileSync(file))));
    assert.deepEqual(
      here?.map(({ sha }) => sha),
      there?.map(({ sha }) => sha),
    );
    for (const [i, { timeMs }] of (here ?? []).entries())
      assert.ok(Math.abs(timeMs - (there?.[i]?.timeMs ?? 0)) <= 1, `frame ${i}: ${timeMs} ms`);
  });

  test("a stream that does not exist is refused when nobody allowed to make it", async () => {
    await using server = await startTestServer();
    const failed = await push(await makeMedia("video-only"), address(server, "nowhere")).then(
      () => assert.fail("ffmpeg was let in"),
      (error) => asFault(error).message,
    );
    assert.match(failed, /there is no stream nowhere/);
  });

  test("a name outside the rule is refused with its reason", async () => {
    await using server = await startTestServer({ createMissing: true });
    await assert.rejects(
      push(await makeMedia("video-only"), address(server, "bad*name")),
      /not a stream name/,
    );
  });

  test("bytes that are not RTMP close the connection, and others go on", async () => {
    await using server = await startTestServer({ createMissing: true });
    const web = await connected(server);
    web.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".padEnd(1600));
    web.resume();
    await once(web, "close");
    await push(await makeMedia("video-only"), address(server, "cam"));
    assert.equal(byTrack(oracleFrames(await clipOf(server, "cam")))[0]?.length, 150);
  });

  test("a connection that says nothing is closed by its deadline", async () => {
    const clock = new FakeClock();
    // It never gets as far as these.
    const nobody = { ingest: undefined as never, catalogue: undefined as never };
    const here = { access: openAccess, placement: onlyHere };
    const settings = { createMissing: false, defaultRetentionHours: 24, ...here };
    const server = new RtmpServer({ ...nobody, ...settings, clock, log: silentLogger });
    const rtmpPort = await server.listen(0, "127.0.0.1");
    const silent = await connected({ rtmpPort });
    silent.resume();
    const closed = once(silent, "close");
    while (clock.pendingTimers === 0) await new Promise((done) => setImmediate(done));
    clock.advance(9999);
    assert.equal(silent.closed, false);
    clock.advance(2000);
    await closed;
    await server.close();
  });

  test("an encoder that comes back takes over at once, and its old connection ends", async () => {
    await using server = await startTestServer({ createMissing: true });
    const source = await makeMedia("h264-aac");
    const first = push(source, address(server, "cam"), "-re").catch(() => {});
    const live = async () => {
      const answer = await fetch(`${server.url}/v1/streams/cam/fragments`);
      return answer.ok && ((await answer.json()) as { fragments: unknown[] }).fragments.length > 0;
    };
    while (!(await live())) await new Promise((done) => setImmediate(done));
    await push(source, address(server, "cam"));
    await first;
    // What the first had sent by then is kept, and all of the second is there.
    const pictures = oracleFrames(await clipOf(server, "cam")).filter((f) => f.track === 1);
    assert.ok(pictures.length > 150, `${pictures.length}`);
    assert.deepEqual(
      pictures.slice(-150).map((f) => f.sha),
      oracleFrames(readFileSync(source))
        .filter((f) => f.track === 1)
        .map((f) => f.sha),
    );
  });
});

suite("RTMP from GStreamer", needs("gstreamer", "ffmpeg"), () => {
  // Without B-frames: matroskademux knows no decode times, and flvmux then writes wrong ones for those.
  test("rtmp2sink's push comes back: every payload, its order and its time", async () => {
    await using server = await startTestServer({ createMissing: true });
    const source = await makeMedia("h264-nob");
    const sink = `mux. flvmux name=mux streamable=true ! rtmp2sink sync=false location=${address(server, "cam")}`;
    const video = "demux.video_0 ! queue ! h264parse ! video/x-h264,stream-format=avc ! mux.";
    const line = `filesrc location=${source} ! matroskademux name=demux ${video} demux.audio_0 ! queue ! aacparse ! ${sink}`;
    await run("gst-launch-1.0", ["-q", ...line.split(" ")]);
    const [got, want] = [await clipOf(server, "cam"), readFileSync(source)].map((file) =>
      byTrack(oracleFrames(file)),
    );
    assert.deepEqual(got, want);
  });
});
