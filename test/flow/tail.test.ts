/** The tail over real sockets: hub and tail socket with real WebSocket clients, and ffmpeg as the judge. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WebSocket, WebSocketServer } from "ws";
import { realClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { type Millis, micros, millis } from "../../src/base/units.ts";
import { readFrameMessage } from "../../src/live/encoders/frames-encoder.ts";
import type { TailFormat } from "../../src/live/feed-items.ts";
import { LiveHub } from "../../src/live/hub.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import type { Frame, TrackSet } from "../../src/media/track.ts";
import type { WriterLimits } from "../../src/play/tail/socket-writer.ts";
import { handleTailSocket } from "../../src/play/tail/tail-socket.ts";
import { idOf, START_US, TestCamera } from "../support/live.ts";
import { makeMedia } from "../support/media.ts";
import { TailArchive } from "../support/tail-archive.ts";
import { runWithInput } from "../support/tail-run.ts";
import { needs } from "../support/tools.ts";

interface Viewer extends AsyncDisposable {
  readonly ws: WebSocket;
  readonly media: Buffer[];
  readonly texts: { type: string; frames?: number; [key: string]: unknown }[];
  /** Resolves when this becomes true; looked at after every message. */
  until(condition: () => boolean): Promise<void>;
}

/** Hub, archive and one tail route on a free port. */
async function scene(limits: Partial<WriterLimits> = {}) {
  const hub = new LiveHub({ clock: realClock });
  const archive = new TailArchive();
  const server = createServer();
  const wss = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 4096 });
  wss.on("connection", (ws, req) => {
    const url = new URL(req.url ?? "/", "http://localhost");
    const format = url.searchParams.get("format") as TailFormat;
    const from = url.searchParams.get("from");
    const fromMs: { fromMs?: Millis } = from === null ? {} : { fromMs: millis(Number(from)) };
    const parts = { hub, reader: archive, clock: realClock, log: silentLogger, limits };
    handleTailSocket(ws, { stream: "cam", format, ...fromMs }, parts);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    hub,
    archive,
    watch: (query: string) => watch(`ws://127.0.0.1:${port}/?${query}`),
    async [Symbol.asyncDispose]() {
      for (const ws of wss.clients) ws.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

async function watch(url: string): Promise<Viewer> {
  const ws = new WebSocket(url, { perMessageDeflate: false });
  const [media, texts] = [[] as Buffer[], [] as Viewer["texts"]];
  const looks = new Set<() => void>();
  ws.on("message", (data: Buffer, binary) => {
    if (binary) media.push(data);
    else texts.push(JSON.parse(data.toString("utf8")));
    for (const look of looks) look();
  });
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      look();
    });
  await once(ws, "open");
  const close = async () => {
    ws.terminate();
    if (ws.readyState !== ws.CLOSED) await once(ws, "close");
  };
  return { ws, media, texts, until, [Symbol.asyncDispose]: close };
}

const ids = (viewer: Viewer) =>
  viewer.media.map((bytes) => idOf(readFrameMessage(bytes)?.payload ?? assert.fail("no frame")));
const NOTHING = Buffer.alloc(0);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of arrays in use, garbage taken away: what one collection finds is given back after it, in the background. */
async function arrayBuffers(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    collect();
    await turn();
  }
  return process.memoryUsage().arrayBuffers;
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);
/** The tracks of a config message, without the codec strings of `src/media/codec`. */
function tracksOf(config: Viewer["texts"][0] | undefined): object[] {
  const tracks = (config?.tracks ?? []) as { codecString?: string }[];
  return tracks.map(({ codecString: _, ...track }) => track);
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

suite("tail over WebSocket", () => {
  test("a viewer gets its first picture although no further frame is ever published", async () => {
    await using s = await scene();
    const camera = new TestCamera(s.hub, "cam", { gop: 10 });
    camera.run(17);
    await using viewer = await s.watch("format=frames");
    await viewer.until(() => viewer.media.length === 7);
    assert.deepEqual(ids(viewer), range(10, 17));
    assert.deepEqual(
      viewer.texts.map((text) => text.type),
      ["time", "live", "config"],
    );
    const config = { ...viewer.texts[2], tracks: tracksOf(viewer.texts[2]) };
    assert.deepEqual(config, {
      type: "config",
      format: "frames",
      session: "session-1",
      run: 0,
      tracks: [
        { number: 1, type: "video", codec: "V_VP8", width: 1280, height: 720 },
        { number: 2, type: "audio", codec: "A_PCM/INT/LIT", sampleRate: 48000, channels: 1 },
      ].map((track) => ({ ...track, carried: true })),
    });
  });

  test("a client that stops reading holds nobody up, costs its limits, and is told what it lost", async () => {
    const limits = { maxBuffered: 500_000, maxBytes: 500_000 };
    await using s = await scene(limits);
    const camera = new TestCamera(s.hub, "cam", { gop: 10, fragment: 20, bytes: 50_000 });
    camera.run(1);
    await using slow = await s.watch("format=frames");
    await using quick = await s.watch("format=frames");
    await slow.until(() => slow.media.length === 1);
    slow.ws.pause();
    const before = await arrayBuffers();
    // 100 MB go past the client that does not read; what its socket and its queue hold is bounded.
    let published = 1;
    while (published < 2000) {
      camera.run(10);
      published += 10;
      const count = published;
      await quick.until(() => quick.media.length === count);
      quick.media.fill(NOTHING);
      camera.sealed.length = 0;
    }
    const grown = (await arrayBuffers()) - before;
    assert.ok(grown < 10_000_000, `${grown} bytes more, of 100 MB published`);
    slow.ws.resume();
    await slow.until(() => slow.texts.some((text) => text.type === "lost"));
    camera.run(10);
    published += 10;
    const told = () =>
      slow.texts.reduce((sum, text) => sum + (text.type === "lost" ? (text.frames ?? 0) : 0), 0);
    await slow.until(() => slow.media.length + told() === published);
    assert.ok(told() > 1000, `${told()} lost`);
    const got = slow.media.map((bytes) => readFrameMessage(bytes) ?? assert.fail("no frame"));
    for (const [i, frame] of got.entries()) {
      const previous = got[i - 1];
      const jump = previous && idOf(frame.payload) !== idOf(previous.payload) + 1;
      if (jump) assert.equal(frame.joins, true, "goes on at a key frame");
    }
  });

  test("two viewers of two formats watch one camera, each with its own messages", async () => {
    await using s = await scene();
    const camera = new TestCamera(s.hub, "cam", { gop: 10 });
    camera.run(12);
    await using frames = await s.watch("format=frames");
    await using mkv = await s.watch("format=mkv");
    await mkv.until(() => mkv.media.length === 3);
    camera.run(10);
    await mkv.until(() => mkv.media.length === 13);
    await frames.until(() => frames.media.length === 12);
    assert.deepEqual(ids(frames), range(10, 22));
    const reader = new MkvReader();
    for (const bytes of mkv.media) reader.push(bytes);
    reader.end();
    const times: number[] = [];
    let cluster = 0;
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
      if (item.kind === "cluster") cluster = item.ticks;
      if (item.kind === "block") times.push(cluster + item.block.relativeTicks);
    }
    const originMs = Number(mkv.texts.find((text) => text.type === "config")?.originUs) / 1000;
    assert.deepEqual(
      times.map((ticks) => originMs + ticks),
      range(10, 22).map((i) => START_US / 1000 + i * 40),
    );
  });

  test("from=T gives the archive and rolls on into live, each frame once", async () => {
    await using s = await scene();
    const camera = new TestCamera(s.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(90);
    for (const sealed of camera.sealed) s.archive.store(sealed);
    await using viewer = await s.watch(`format=frames&from=${START_US / 1000 + 45 * 40}`);
    await viewer.until(() => viewer.media.length === 50);
    camera.run(15);
    await viewer.until(() => viewer.media.length === 65);
    assert.deepEqual(ids(viewer), range(40, 105));
  });

  test("a message over 4 KB ends the viewer's connection, and nobody else's", async () => {
    await using s = await scene();
    const camera = new TestCamera(s.hub, "cam");
    camera.run(1);
    await using loud = await s.watch("format=frames");
    await using quiet = await s.watch("format=frames");
    loud.ws.send("{}");
    loud.ws.send(Buffer.alloc(5000));
    const [code] = await once(loud.ws, "close");
    assert.equal(code, 1009);
    camera.run(3);
    await quiet.until(() => quiet.media.length === 4);
    assert.equal(s.hub.status("cam")?.viewers, 1);
  });

  test("viewers that leave leave nothing behind", async () => {
    await using s = await scene();
    const camera = new TestCamera(s.hub, "cam");
    camera.run(1);
    const viewers = await Promise.all(range(0, 20).map(() => s.watch("format=frames")));
    assert.equal(s.hub.status("cam")?.viewers, 20);
    for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
    while (s.hub.status("cam")?.viewers !== 0) await turn();
    camera.run(5);
  });
});

/** Track set and frames of a Matroska file whose clusters begin with their key frames. */
function readMedia(path: string): { trackSet: TrackSet; frames: Frame[] } {
  const reader = new MkvReader();
  reader.push(readFileSync(path));
  reader.end();
  let trackSet: TrackSet | undefined;
  const frames: Frame[] = [];
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
    if (item.kind === "tracks") trackSet = item.trackSet;
    if (item.kind !== "block") continue;
    const { track, key, relativeTicks } = item.block;
    const scaleUs = (trackSet?.timestampScaleNs ?? 1) / 1000;
    const timeUs = micros(START_US + (item.clusterTicks + relativeTicks) * scaleUs);
    for (const payload of item.block.frames) frames.push({ track, key, timeUs, payload });
  }
  return { trackSet: trackSet ?? assert.fail("no tracks"), frames };
}

suite("tail, real media", () => {
  for (const kind of ["h264-aac", "vp9-opus", "hevc", "audio-only"] as const)
    for (const format of ["mkv", "fmp4"] as const)
      test(
        `${kind} as ${format}: ffmpeg decodes every frame without a word`,
        needs("ffmpeg"),
        async () => {
          const { trackSet, frames } = readMedia(await makeMedia(kind));
          await using s = await scene();
          await using viewer = await s.watch(`format=${format}`);
          const publisher = s.hub.open("cam", "file");
          publisher.tracks(trackSet);
          publisher.fragment({ sequence: 1, receivedMs: millis(0), salt: 0 }, 0);
          for (const frame of frames) publisher.frame(frame, millis(0));
          await viewer.until(() => viewer.media.length === frames.length + 1);
          const bytes = Buffer.concat(viewer.media);
          const input = ["-v", "warning", "-xerror", "-copyts", "-i", "pipe:0"];
          const decoded = await runWithInput("ffmpeg", [...input, "-f", "null", "-"], bytes);
          assert.deepEqual(decoded, { code: 0, out: "", err: "" });
          const count = [
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
          ];
          const probed = await runWithInput(
            "ffprobe",
            [...count, "-of", "csv=p=0", "pipe:0"],
            bytes,
          );
          const packets = probed.out.trim().split("\n").map(Number);
          assert.equal(
            packets.reduce((sum, n) => sum + n, 0),
            frames.length,
          );
        },
      );
});
