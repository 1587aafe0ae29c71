/**
 * Chrome's MediaRecorder as a camera: a page records its (fake) camera and microphone, sends every chunk over the
 * push WebSocket as it comes, and what the server keeps and shows live is held against what the page recorded.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { type OracleBlock, oracleBlocks, oracleTracks } from "../support/ebml-oracle.ts";
import { FAKE_CAMERA, prepareRecorder, type Recorded, record } from "../support/media-recorder.ts";
import { ascii, cat, ebml, el, inCluster, info, simple, unknown } from "../support/mkv-build.ts";
import { oneBox, outline, readBoxes } from "../support/mp4-boxes.ts";
import { putMedia } from "../support/put-media.ts";
import { run } from "../support/run.ts";
import { startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000_000;
const RANGE = `from=${START - 1000}&to=${START + 600_000}`;

interface Kind {
  readonly stream: string;
  readonly mime: string;
  /** Matroska's name of the codec. */
  readonly codecId: string;
  /** In `moov`, and in the type for MediaSource; undefined: not shown live in MP4. */
  readonly entry?: string;
  readonly live?: RegExp;
  /** How its CodecPrivate begins in the clip, in hex, element header included. */
  readonly config?: string;
  /** Not the camera but a canvas, which gets another size in the second fragment, and a tone. */
  readonly canvas?: true;
}

const H264_LIVE = /^video\/mp4; codecs="avc1\.42[0-9A-F]{4},opus"$/;

/** The level of MediaRecorder's AV1 and H.264 depends on the picture's size and rate. */
const kinds: readonly Kind[] = [
  { stream: "vp8", mime: "video/webm;codecs=vp8,opus", codecId: "V_VP8", entry: "vp08" },
  {
    ...{ stream: "vp9", mime: "video/webm;codecs=vp9,opus", codecId: "V_VP9", entry: "vp09" },
    live: /^video\/mp4; codecs="vp09\.00\.\d\d\.08,opus"$/,
    // MediaRecorder sends none: made from the key frame.
    config: "63a28c0101000201",
  },
  {
    ...{ stream: "av1", mime: "video/webm;codecs=av01.0.04M.08,opus", codecId: "V_AV1" },
    ...{ entry: "av01", live: /^video\/mp4; codecs="av01\.0\.\d\dM\.08,opus"$/ },
    // Four bytes without OBUs, as they came.
    config: "63a28481",
  },
  {
    ...{ stream: "h264", mime: "video/x-matroska;codecs=avc1.42E01F,opus" },
    ...{ codecId: "V_MPEG4/ISO/AVC", entry: "avc1" },
    live: H264_LIVE,
  },
  {
    ...{ stream: "sound", mime: "audio/webm;codecs=opus", codecId: "A_OPUS" },
    ...{ entry: "Opus", live: /^audio\/mp4; codecs="opus"$/ },
  },
];

/** MediaRecorder then goes on with other parameter sets, and Matroska's track says nothing of it. */
const resized: Kind = {
  ...{ stream: "canvas", mime: "video/x-matroska;codecs=avc1,opus", canvas: true },
  ...{ codecId: "V_MPEG4/ISO/AVC", live: H264_LIVE },
};

/** What the live tail of a stream sent after one `config`. */
interface Tail {
  readonly mime: string;
  readonly binary: Buffer[];
}

/** Resolves when the producer is gone. */
function tailOf(server: RunningServer, stream: string): Promise<readonly Tail[]> {
  const url = `${server.url.replace("http", "ws")}/v1/streams/${stream}/tail?format=fmp4`;
  const socket = new WebSocket(url);
  const tails: Tail[] = [];
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        tails.at(-1)?.binary.push(data);
        return;
      }
      const message = JSON.parse(data.toString("utf8")) as { type: string; mime: string };
      if (message.type === "config") tails.push({ mime: message.mime, binary: [] });
      if (message.type === "error") reject(new Error(data.toString("utf8")));
      // Before the producer comes it is offline too.
      if (message.type !== "offline" || tails.length === 0) return;
      socket.close();
      resolve(tails);
    });
  });
}

/** The payloads of single-frame segments, with their track_ID. */
function liveFrames(chunks: readonly Buffer[]): { id: number; sha: string }[] {
  return chunks.map((chunk) => {
    const boxes = readBoxes(chunk);
    assert.equal(outline(boxes), "moof(mfhd traf(tfhd tfdt trun)) mdat");
    const id = oneBox(boxes, "moof/traf/tfhd").body.readUInt32BE(4);
    return { id, sha: sha(oneBox(boxes, "mdat").body) };
  });
}

/** Everything ffmpeg has to say when it decodes the file; frames in the source's own time base. */
async function complaints(path: string): Promise<string> {
  const output = ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"];
  const { stderr } = await run("ffmpeg", ["-v", "warning", "-i", path, ...output]);
  return stderr;
}

/** Hash of every decoded picture. */
async function pictures(path: string): Promise<string[]> {
  const output = ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framemd5", "-"];
  const args = ["-v", "error", "-i", path, "-map", "0:v", ...output];
  const { stdout } = await run("ffmpeg", args);
  const rows = stdout.split("\n").filter((row) => /^\d/.test(row));
  return rows.map((row) => row.split(",").at(-1)?.trim() ?? "");
}

/** Hash of each track's payloads; H.264's lengths and start codes count. */
async function payloadHash(path: string, track: "0:v?" | "0:a"): Promise<string> {
  const args = ["-v", "error", "-i", path, "-map", track, "-c", "copy", "-f", "streamhash", "-"];
  return (await run("ffmpeg", args)).stdout;
}

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** NAL units behind four-byte lengths, with four-byte start codes in their place. */
function withStartCodes(payload: Buffer): Buffer {
  const out = Buffer.from(payload);
  for (let at = 0; at < out.length; ) {
    const length = out.readUInt32BE(at);
    out.writeUInt32BE(1, at);
    at += 4 + length;
  }
  return out;
}

const options = { ...needs("chromium", "ffmpeg"), timeout: 300_000 };

suite("MediaRecorder in Chromium, sent live over the WebSocket", options, () => {
  const dir = tempDir("recorder");
  const recorded = new Map<string, Recorded>();
  const tails = new Map<string, readonly Tail[]>();
  let server: RunningServer;
  let browser: TestBrowser;

  before(async () => {
    server = await startTestServer();
    browser = await openBrowser({ flags: FAKE_CAMERA });
    const { page } = browser;
    // Some page of the server's origin that does nothing by itself.
    await page.goto(`${server.url}/healthz`);
    const all = [...kinds, resized];
    const can = await prepareRecorder(
      page,
      all.map(({ mime }) => mime),
    );
    const start = async ({ stream, mime, live, canvas }: Kind) => {
      const create = { name: stream, retentionHours: 24 };
      const answer = await fetch(`${server.url}/v1/streams`, {
        ...{ method: "POST", body: JSON.stringify(create) },
        headers: { "content-type": "application/json" },
      });
      assert.equal(answer.status, 201);
      const tail = tailOf(server, stream);
      const watched = live !== undefined;
      const how = { stream, startMs: START, mime, watched, canvas: canvas ?? false };
      recorded.set(stream, await record(page, how));
      tails.set(stream, await tail);
    };
    await Promise.all(all.filter(({ mime }) => can.includes(mime)).map(start));
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    dir[Symbol.dispose]();
  });

  /** The recording, or the test is skipped because this Chromium has no such encoder. */
  const recordingOf = (t: TestContext, { stream, mime }: Kind): Recorded | undefined => {
    const found = recorded.get(stream);
    if (found === undefined) t.skip(`this Chromium cannot record ${mime}`);
    return found;
  };
  const bytesOf = ({ base64 }: Recorded) => Buffer.from(base64, "base64");
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(dir.path, name);
    writeFileSync(path, bytes);
    return path;
  };
  const clip = async ({ stream }: Kind, format: "mkv" | "mp4") => {
    const answer = await fetch(`${server.url}/v1/streams/${stream}/clip.${format}?${RANGE}`);
    assert.equal(answer.status, 200);
    const omitted = answer.headers.get("x-streambank-omitted-tracks");
    const path = file(`${stream}.clip.${format}`, Buffer.from(await answer.arrayBuffer()));
    return { path, omitted };
  };
  /** A block of a clip as MediaRecorder wrote it: its H.264 has start codes. */
  const asRecorded =
    ({ codecId }: Kind, video: number | undefined) =>
    (block: OracleBlock) => {
      const { track, timeMs, key, payload } = block;
      const annexB = codecId === "V_MPEG4/ISO/AVC" && track === video;
      return { track, timeMs, key, sha: sha(annexB ? withStartCodes(payload) : payload) };
    };

  const assertPersisted = async ({ stream }: Kind, { acks, closed, chunks }: Recorded) => {
    const errors = acks.filter(({ EventType }) => EventType === "ERROR");
    assert.deepEqual(errors, []);
    assert.equal(closed, 1000);
    assert.ok(chunks > 10, `${chunks} chunks: not sent as they came`);
    const numbers = (type: string) =>
      acks.filter((ack) => ack.EventType === type).map((ack) => ack.FragmentNumber);
    assert.ok(numbers("BUFFERING").length >= 3);
    assert.deepEqual(numbers("RECEIVED"), numbers("BUFFERING"));
    assert.deepEqual(numbers("PERSISTED"), numbers("BUFFERING"));
    const answer = await fetch(`${server.url}/v1/streams/${stream}/fragments?${RANGE}`);
    const { fragments } = (await answer.json()) as {
      fragments: { number: string; seekable: boolean; run: number }[];
    };
    assert.deepEqual(
      fragments.map(({ number, seekable, run }) => ({ number, seekable, run })),
      numbers("BUFFERING").map((number) => ({ number, seekable: true, run: 1 })),
    );
  };

  for (const kind of kinds) {
    test(`${kind.mime}: every fragment is PERSISTED, and begins at a key frame`, async (t) => {
      const recording = recordingOf(t, kind);
      if (recording === undefined) return;
      await assertPersisted(kind, recording);
    });

    test(`${kind.mime}: the clip as mkv has every frame that was recorded, a key frame first in each Cluster`, async (t) => {
      const recording = recordingOf(t, kind);
      if (recording === undefined) return;
      const bytes = bytesOf(recording);
      const { path } = await clip(kind, "mkv");
      const source = oracleBlocks(bytes);
      const archived = oracleBlocks(readFileSync(path));
      // Which of the tracks comes first is chance.
      const [video] = oracleTracks(bytes, 1);
      assert.equal(video === undefined, kind.stream === "sound");
      assert.ok(source.length > 30);
      assert.deepEqual(
        archived.map(asRecorded(kind, video)),
        source.map(({ track, timeMs, key, payload }) => ({
          track,
          timeMs,
          key,
          sha: sha(payload),
        })),
      );
      for (const cluster of new Set(archived.map((block) => block.cluster))) {
        const inside = archived.filter((block) => block.cluster === cluster);
        const first = inside.find(({ track }) => track === video) ?? inside[0];
        assert.equal(first?.key, true);
      }
      assert.ok(
        readFileSync(path)
          .toString("hex", 0, 2000)
          .includes(kind.config ?? ""),
      );
      const original = file(`${kind.stream}.source.mkv`, bytes);
      assert.equal(await complaints(path), await complaints(original));
      if (kind.stream !== "sound") assert.deepEqual(await pictures(path), await pictures(original));
    });

    test(`${kind.mime}: the clip as mp4 decodes in ffmpeg without a word, to the same pictures and sound`, async (t) => {
      const recording = recordingOf(t, kind);
      if (recording === undefined) return;
      const original = file(`${kind.stream}.source.mkv`, bytesOf(recording));
      const { path, omitted } = await clip(kind, "mp4");
      assert.equal(omitted, null);
      assert.ok(readFileSync(path).includes(kind.entry ?? ""));
      assert.equal(await complaints(path), "");
      if (kind.stream !== "sound") assert.deepEqual(await pictures(path), await pictures(original));
      assert.equal(await payloadHash(path, "0:a"), await payloadHash(original, "0:a"));
    });

    test(`${kind.mime}: the live tail as fMP4 had every frame`, async (t) => {
      if (recordingOf(t, kind) === undefined) return;
      const [tail, ...more] = tails.get(kind.stream) ?? [];
      assert.ok(tail !== undefined && more.length === 0, "one timeline");
      const { path } = await clip(kind, "mkv");
      const bytes = readFileSync(path);
      const archived = oracleBlocks(bytes);
      assert.match(tail.mime, kind.live ?? /^audio\/mp4; codecs="opus"$/);
      const [init = Buffer.alloc(0), ...chunks] = tail.binary;
      assert.match(outline(readBoxes(init)), /^ftyp moov/);
      const frames = liveFrames(chunks);
      const of = (type: 1 | 2) => {
        const [number] = oracleTracks(bytes, type);
        return archived.filter(({ track }) => track === number).map(({ payload }) => sha(payload));
      };
      // In MP4, 1 is the picture and 2 the sound; VP8 is in no browser's MP4 and is left out.
      const pictured = kind.live !== undefined && kind.stream !== "sound";
      const got = (id: number) => frames.filter((f) => f.id === id).map((f) => f.sha);
      const sound = got(2);
      // What was heard before the first picture is not shown.
      assert.ok(sound.length > 0 && of(2).length - sound.length < 5);
      assert.deepEqual(sound, of(2).slice(-sound.length));
      if (!pictured) return;
      assert.deepEqual(got(1), of(1));
      const mp4 = file(`${kind.stream}.live.mp4`, Buffer.concat(tail.binary));
      assert.equal(await complaints(mp4), "");
      assert.deepEqual(await pictures(mp4), await pictures(path));
    });
  }

  test("a canvas that changes its size has another configuration from then on, and its times go on", async (t) => {
    const recording = recordingOf(t, resized);
    if (recording === undefined) return;
    await assertPersisted(resized, recording);
    const bytes = bytesOf(recording);
    const [video] = oracleTracks(bytes, 1);
    const source = oracleBlocks(bytes).map(({ payload }) => sha(payload));
    const { path } = await clip(resized, "mkv");
    const archived = oracleBlocks(readFileSync(path)).map(asRecorded(resized, video));
    assert.deepEqual(
      archived.map((block) => block.sha),
      source,
    );
    const [before, after, ...more] = tails.get("canvas") ?? [];
    assert.ok(before !== undefined && after !== undefined && more.length === 0, "two timelines");
    const configs = [before, after].map(({ mime, binary: [init, ...chunks] }) => {
      assert.match(mime, H264_LIVE);
      assert.ok(liveFrames(chunks).length > 5);
      const at = init?.indexOf("avcC") ?? -1;
      assert.ok(at > 0);
      return init?.toString("hex", at, at + 24);
    });
    assert.notEqual(configs[0], configs[1]);
  });
});

test("a recording of VP9 and sound whose camera never gave a picture keeps the sound", async () => {
  await using server = await startTestServer({ createMissing: true });
  const entries = [
    cat(el("d7", [1]), el("83", [1]), el("86", ascii("V_VP9"))),
    cat(el("d7", [2]), el("83", [2]), el("86", ascii("A_OPUS"))),
  ];
  const declared = el("1654ae6b", cat(...entries.map((entry) => el("ae", entry))));
  const cluster = cat(
    unknown("1f43b675"),
    inCluster(0, simple(2, 0, "f801"), simple(2, 60, "f802")),
  );
  const put = putMedia({ url: server.url, stream: "dark", startMs: START });
  void put.write(cat(ebml(), unknown("18538067"), info(), declared, cluster));
  put.end();
  const types = (await put.acks).map(({ EventType }) => EventType);
  assert.deepEqual(types, ["BUFFERING", "RECEIVED", "PERSISTED"]);
  const clip = await fetch(`${server.url}/v1/streams/dark/clip.mkv?${RANGE}`);
  const blocks = oracleBlocks(new Uint8Array(await clip.arrayBuffer()));
  const kept = blocks.map(
    ({ track, timeMs, payload }) => `${track} ${timeMs} ${payload.toString("hex")}`,
  );
  assert.deepEqual(kept, ["2 0 f801", "2 60 f802"]);
});
