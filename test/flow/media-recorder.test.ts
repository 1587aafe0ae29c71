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
import { oneBox, readBoxes } from "../support/mp4-boxes.ts";
import { run } from "../support/run.ts";
import { startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000_000;
const RANGE = `from=${START - 1000}&to=${START + 600_000}`;
const FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

interface Kind {
  readonly stream: string;
  readonly mime: string;
  /** Matroska's name of the codec. */
  readonly codecId: string;
  /** In `moov`, and in the type for MediaSource; undefined: not shown live in MP4. */
  readonly entry?: string;
  readonly live?: RegExp;
  /** Not the camera but a canvas, which gets another size in the second fragment, and a tone. */
  readonly canvas?: true;
}

/** The level of MediaRecorder's AV1 and H.264 depends on the picture's size and rate. */
const kinds: readonly Kind[] = [
  { stream: "vp8", mime: "video/webm;codecs=vp8,opus", codecId: "V_VP8", entry: "vp08" },
  {
    ...{ stream: "vp9", mime: "video/webm;codecs=vp9,opus", codecId: "V_VP9", entry: "vp09" },
    live: /^video\/mp4; codecs="vp09\.00\.\d\d\.08,opus"$/,
  },
  {
    ...{ stream: "av1", mime: "video/webm;codecs=av01.0.04M.08,opus", codecId: "V_AV1" },
    ...{ entry: "av01", live: /^video\/mp4; codecs="av01\.0\.\d\dM\.08,opus"$/ },
  },
  {
    ...{ stream: "h264", mime: "video/x-matroska;codecs=avc1.42E01F,opus" },
    ...{ codecId: "V_MPEG4/ISO/AVC", entry: "avc1" },
    live: /^video\/mp4; codecs="avc1\.42[0-9A-F]{4},opus"$/,
  },
  {
    ...{ stream: "h264-canvas", mime: "video/x-matroska;codecs=avc1,opus", canvas: true },
    ...{ codecId: "V_MPEG4/ISO/AVC", entry: "avc1" },
    // The configuration is said again with the new size.
    live: /^(video\/mp4; codecs="avc1\.42[0-9A-F]{4},opus"){2}$/,
  },
  {
    ...{ stream: "sound", mime: "audio/webm;codecs=opus", codecId: "A_OPUS" },
    ...{ entry: "Opus", live: /^audio\/mp4; codecs="opus"$/ },
  },
];

interface Ack {
  readonly EventType: string;
  readonly FragmentNumber?: string;
}

/** What the page has to tell of one recording. */
interface Recorded {
  /** As the recorder itself calls it. */
  readonly mime: string;
  readonly base64: string;
  readonly chunks: number;
  readonly acks: readonly Ack[];
  readonly closed: number;
}

/**
 * Runs in the page. Records until the server has begun the third fragment and the live tail has been seen or
 * heard, then ends; every chunk is sent the moment it comes.
 */
const RECORD = `async ({ stream, mime, watched, canvas }) => {
  const drawn = canvas ? draw() : undefined;
  const fresh = drawn?.media ?? (await globalThis.media);
  const kind = mime.split("/")[0];
  const tracks = kind === "audio" ? fresh.getAudioTracks() : fresh.getTracks();
  const recorder = new MediaRecorder(new MediaStream(tracks), {
    mimeType: mime,
    videoKeyFrameIntervalDuration: 1000,
  });
  const url = new URL("/v1/streams/" + stream + "/put?start=${START}", location);
  url.protocol = "ws:";
  const socket = new WebSocket(url);
  const acks = [];
  const chunks = [];
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  const enough = new Promise((resolve) =>
    socket.addEventListener("message", ({ data }) => {
      acks.push(JSON.parse(data));
      const begun = acks.filter((ack) => ack.EventType === "BUFFERING").length;
      if (begun === 2) drawn?.resize();
      if (begun === 3) resolve();
    }),
  );
  recorder.addEventListener("dataavailable", ({ data }) => {
    chunks.push(data);
    socket.send(data);
  });
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start(50);
  const live = watched ? watch(stream) : undefined;
  await Promise.race([Promise.all([enough, live]), closed]);
  recorder.stop();
  await stopped;
  socket.send('{"type":"end"}');
  const { code } = await closed;
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return { mime: recorder.mimeType, base64: btoa(text), chunks: chunks.length, acks, closed: code };
}`;

/** Defined in the page: resolves once a MediaSource fed by the live tail has shown ten pictures, or played sound. */
const WATCH = `
globalThis.media = navigator.mediaDevices.getUserMedia({
  video: { width: 320, height: 180, frameRate: 30 },
  audio: true,
});
globalThis.draw = () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const context = canvas.getContext("2d");
  const paint = (ms) => {
    context.fillStyle = "hsl(" + ms / 10 + " 100% 50%)";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.clearRect((ms / 20) % canvas.width, 20, 40, 40);
    requestAnimationFrame(paint);
  };
  paint(0);
  const audio = new AudioContext();
  const sound = audio.createMediaStreamDestination();
  const tone = audio.createOscillator();
  tone.connect(sound);
  tone.start();
  const tracks = [...canvas.captureStream(30).getTracks(), ...sound.stream.getTracks()];
  const resize = () => Object.assign(canvas, { width: 240, height: 320 });
  return { media: new MediaStream(tracks), resize };
};
globalThis.watch = async (stream) => {
  const url = new URL("/v1/streams/" + stream + "/tail?format=fmp4", location);
  url.protocol = "ws:";
  const source = new MediaSource();
  const video = document.createElement("video");
  video.muted = true;
  video.src = URL.createObjectURL(source);
  document.body.append(video);
  await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const waiting = [];
  let buffer;
  const feed = () => {
    if (buffer !== undefined && !buffer.updating && waiting.length > 0)
      buffer.appendBuffer(waiting.shift());
    if (video.buffered.length > 0 && video.currentTime < video.buffered.start(0))
      video.currentTime = video.buffered.start(0);
  };
  const failed = new Promise((_, reject) =>
    video.addEventListener("error", () => reject(new Error(stream + ": " + video.error.message))),
  );
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") waiting.push(data);
    else if (JSON.parse(data).type === "config") {
      buffer = source.addSourceBuffer(JSON.parse(data).mime);
      buffer.addEventListener("updateend", feed);
    }
    feed();
  });
  const shown = new Promise((resolve) => {
    let pictures = 0;
    const picture = () => (++pictures === 10 ? resolve() : video.requestVideoFrameCallback(picture));
    video.requestVideoFrameCallback(picture);
    if (stream === "sound")
      video.addEventListener("timeupdate", () => video.currentTime > 0.5 && resolve());
  });
  await Promise.race([failed, Promise.all([video.play(), shown])]);
  socket.close();
  video.remove();
};`;

/** The live tail of a stream, kept until the producer is gone. */
interface Tail {
  readonly mime: string;
  readonly init: Buffer;
  readonly chunks: readonly Buffer[];
}

function tailOf(server: RunningServer, stream: string): Promise<Tail> {
  const url = `${server.url.replace("http", "ws")}/v1/streams/${stream}/tail?format=fmp4`;
  const socket = new WebSocket(url);
  const binary: Buffer[] = [];
  let mime = "";
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        binary.push(data);
        return;
      }
      const message = JSON.parse(data.toString("utf8")) as { type: string; mime?: string };
      if (message.type === "config") mime += message.mime;
      if (message.type === "error") reject(new Error(data.toString("utf8")));
      // Before the producer comes it is offline too.
      if (message.type !== "offline" || mime === "") return;
      socket.close();
      const [init = Buffer.alloc(0), ...chunks] = binary;
      resolve({ mime, init, chunks });
    });
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

const options = { ...needs("chromium", "ffmpeg"), timeout: 60_000 };

suite("MediaRecorder in Chromium, sent live over the WebSocket", options, () => {
  const dir = tempDir("recorder");
  const recorded = new Map<string, Recorded>();
  const tails = new Map<string, Tail>();
  let server: RunningServer;
  let browser: TestBrowser;

  before(async () => {
    server = await startTestServer();
    browser = await openBrowser({ flags: FAKE_CAMERA });
    const { page } = browser;
    // Some page of the server's origin that does nothing by itself.
    await page.goto(`${server.url}/healthz`);
    await page.evaluate(WATCH);
    const can = await page.evaluate<string[]>(
      `${JSON.stringify(kinds.map(({ mime }) => mime))}.filter(MediaRecorder.isTypeSupported)`,
    );
    const record = async ({ stream, mime, live, canvas }: Kind) => {
      const create = { name: stream, retentionHours: 24 };
      const answer = await fetch(`${server.url}/v1/streams`, {
        ...{ method: "POST", body: JSON.stringify(create) },
        headers: { "content-type": "application/json" },
      });
      assert.equal(answer.status, 201);
      const tail = tailOf(server, stream);
      const order = JSON.stringify({ stream, mime, canvas, watched: live !== undefined });
      recorded.set(stream, await page.evaluate<Recorded>(`(${RECORD})(${order})`));
      tails.set(stream, await tail);
    };
    await Promise.all(kinds.filter(({ mime }) => can.includes(mime)).map(record));
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

  for (const kind of kinds) {
    test(`${kind.mime}: every fragment is PERSISTED, and begins at a key frame`, async (t) => {
      const recording = recordingOf(t, kind);
      if (recording === undefined) return;
      const { acks, closed, chunks } = recording;
      assert.deepEqual(
        acks.filter(({ EventType }) => EventType === "ERROR"),
        [],
      );
      assert.equal(closed, 1000);
      assert.ok(chunks > 20, `${chunks} chunks: not sent as they came`);
      const numbers = (type: string) =>
        acks.filter((ack) => ack.EventType === type).map((ack) => ack.FragmentNumber);
      assert.ok(numbers("BUFFERING").length >= 3);
      assert.deepEqual(numbers("RECEIVED"), numbers("BUFFERING"));
      assert.deepEqual(numbers("PERSISTED"), numbers("BUFFERING"));
      const answer = await fetch(`${server.url}/v1/streams/${kind.stream}/fragments?${RANGE}`);
      const { fragments } = (await answer.json()) as {
        fragments: { number: string; seekable: boolean; run: number }[];
      };
      assert.deepEqual(
        fragments.map(({ number, seekable, run }) => ({ number, seekable, run })),
        numbers("BUFFERING").map((number) => ({ number, seekable: true, run: 1 })),
      );
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
      const tail = tails.get(kind.stream) ?? assert.fail("no tail");
      const { path } = await clip(kind, "mkv");
      const bytes = readFileSync(path);
      const archived = oracleBlocks(bytes);
      assert.match(tail.mime, kind.live ?? /^audio\/mp4; codecs="opus"$/);
      assert.equal(readBoxes(tail.init).map(({ type }) => type).join(" "), "ftyp moov"); // biome-ignore format: one line
      const frames = tail.chunks.map((chunk) => {
        const boxes = readBoxes(chunk);
        assert.deepEqual(boxes.map(({ type }) => type), ["moof", "mdat"]); // biome-ignore format: one line
        const id = oneBox(boxes, "moof/traf/tfhd").body.readUInt32BE(4);
        return { id, sha: sha(oneBox(boxes, "mdat").body) };
      });
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
      const mp4 = file(`${kind.stream}.live.mp4`, Buffer.concat([tail.init, ...tail.chunks]));
      assert.equal(await complaints(mp4), "");
      assert.deepEqual(await pictures(mp4), await pictures(path));
    });
  }
});
