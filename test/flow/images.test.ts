/** Pictures of real media whose pictures say their number: the right one for a time, or the right reason why there is none. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { realClock } from "../../src/base/clock.ts";
import { Rope } from "../../src/base/rope.ts";
import { millis } from "../../src/base/units.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import { LiveHub } from "../../src/live/hub.ts";
import { scanBlocks } from "../../src/media/mkv/block-scan.ts";
import { archivedFrames } from "../../src/play/tail/archived-frames.ts";
import { ffmpegRunner } from "../../src/server/images/ffmpeg.ts";
import { imagePage, type PageOptions } from "../../src/server/images/image-page.ts";
import { ImageService, type ImageServiceOptions } from "../../src/server/images/service.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FAKE_START_MS, FakeReader, fragmentsOfFile } from "../support/fake-reader.ts";
import { makeMedia } from "../support/media.ts";
import { type NumberedOptions, numberedMedia, numberIn, numbersIn } from "../support/numbered.ts";
import { run } from "../support/run.ts";
import { cli, startTestServer } from "../support/server.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const dir = tempDir("images");
after(() => dir[Symbol.dispose]());

const JPEG = { format: "jpeg", quality: 80 } as const;

async function fragments(options: NumberedOptions = {}): Promise<SealedFragment[]> {
  return fragmentsOfFile(readFileSync(await numberedMedia(options)));
}

function serviceOf(list: readonly SealedFragment[], more: Partial<ImageServiceOptions> = {}) {
  const reader = new FakeReader({ perPack: 2 });
  reader.addAll("cam", list);
  const hub = new LiveHub({ clock: realClock });
  return new ImageService({ clock: realClock, reader, hub, ...more });
}

/** From the media's start, ms. */
function page(service: ImageService, more: Partial<PageOptions> & { from: number; to: number }) {
  const { from, to, ...rest } = more;
  return imagePage(service, {
    ...{ stream: "cam", clock: "producer", fromMs: FAKE_START_MS + from, toMs: FAKE_START_MS + to },
    ...{ intervalMs: 1000, style: JPEG, count: 25, ...rest },
  });
}

let files = 0;
function numberOf(image: Uint8Array | undefined): Promise<number> {
  assert.ok(image, "a picture");
  const path = join(dir.path, `${files++}.image`);
  writeFileSync(path, image);
  return numberIn(path);
}

suite("a picture of a time", needs("ffmpeg"), () => {
  for (const encoder of ["libx264", "libx265", "libvpx-vp9"] as const)
    test(`is the one shown then, and says since when (${encoder})`, async () => {
      const service = serviceOf(await fragments({ encoder }));
      // Just before, at and after a change of pictures; B-frames in between.
      const times = [0, 39, 40, 41, 1999, 2000, 3333, 5960, 5999];
      const want = times.map((ms) => Math.min(149, Math.floor(ms / 40)));
      const images: Uint8Array[] = [];
      for (const [i, ms] of times.entries()) {
        const { pictures } = await page(service, { from: ms, to: ms + 1 });
        assert.equal(pictures[0]?.shownUs, (FAKE_START_MS + (want[i] ?? 0) * 40) * 1000);
        images.push(pictures[0]?.image ?? assert.fail(`${ms} ms`));
      }
      const path = join(dir.path, `${encoder}.mjpeg`);
      writeFileSync(path, Buffer.concat(images));
      assert.deepEqual(await numbersIn(path), want);
    });

  test("may be the key frame before it", async () => {
    const list = await fragments();
    const service = serviceOf(list);
    const keys = list.filter(({ info }) => info.seekable).map(({ info }) => info.producedStartUs);
    const atMs = FAKE_START_MS + 5000;
    const found = await service.find("cam", { clock: "producer", at: atMs }, "key");
    assert.ok(found.kind === "picture");
    assert.equal(found.source.shownUs, Math.max(...keys.filter((us) => us <= atMs * 1000)));
    assert.equal(found.source.frames.length, 1);
    const [image] = await service.make([found.source], JPEG);
    assert.equal(await numberOf(image), (found.source.shownUs / 1000 - FAKE_START_MS) / 40);
  });

  test("on the server's clock is that of the fragment that arrived then", async () => {
    const late = (await fragments()).map(({ info, ...rest }) => {
      const receivedMs = millis(info.number.receivedMs + 100_000);
      return { ...rest, info: { ...info, number: { ...info.number, receivedMs } } };
    });
    const service = serviceOf(late);
    const server = { clock: "server", from: 101_000, to: 101_001 } as const;
    const { pictures } = await page(service, server);
    assert.equal(await numberOf(pictures[0]?.image), 25);
    assert.equal(pictures[0]?.shownUs, (FAKE_START_MS + 101_000) * 1000);
    const other = await page(service, { from: 101_000, to: 101_001 });
    assert.equal(other.pictures[0]?.error, "no-media");
  });

  test("where nothing was recorded is no-media", async () => {
    const list = await fragments();
    const service = serviceOf([list[0], list.at(-1)].filter((one) => one !== undefined));
    const end = Math.ceil((list[0]?.info.producedEndUs ?? 0) / 1000) - FAKE_START_MS;
    const start = Math.floor((list.at(-1)?.info.producedStartUs ?? 0) / 1000) - FAKE_START_MS;
    assert.ok(start - end > 500);
    const errors = async (ms: number) =>
      (await page(service, { from: ms, to: ms + 1 })).pictures[0]?.error;
    assert.deepEqual(
      [await errors(end - 1), await errors(end + 1), await errors(start - 1), await errors(start)],
      [undefined, "no-media", "no-media", undefined],
    );
    assert.equal(await errors(-500), "no-media");
  });

  test("of damaged media is media-error, and its neighbours are whole", async () => {
    const list = (await fragments({ bFrames: 0 })).map((one, i) => (i === 1 ? damaged(one) : one));
    const service = serviceOf(list);
    const starts = list.map(({ info }) => info.producedStartUs / 1000 - FAKE_START_MS);
    const inside = (starts[1] ?? 0) + 200;
    const { pictures } = await page(service, { from: 1000, to: 6000, intervalMs: 500 });
    for (const { timeMs, error } of pictures) {
      const ms = timeMs - FAKE_START_MS;
      const bad = ms >= (starts[1] ?? 0) && ms < (starts[2] ?? 0);
      assert.equal(error, bad ? "media-error" : undefined, `${ms} ms`);
    }
    assert.ok(inside < (starts[2] ?? 0) && pictures.some(({ error }) => error !== undefined));
  });

  test("before the damaged frame of a group is whole, behind it media-error", async () => {
    const list = fragmentsOfFile(readFileSync(await makeMedia("h264-nob")));
    const [first, ...others] = list;
    assert.ok(first);
    const service = serviceOf([damaged(first, 20), ...others]);
    const { pictures } = await page(service, { from: 100, to: 2500, intervalMs: 400 });
    const errors = pictures.map(({ error }) => (error === undefined ? "." : "E")).join("");
    assert.equal(errors, "..EEE.");
  });

  test("of sound alone is media-error", async () => {
    const service = serviceOf(fragmentsOfFile(readFileSync(await makeMedia("audio-only"))));
    const { pictures } = await page(service, { from: 1000, to: 1001 });
    assert.equal(pictures[0]?.error, "media-error");
  });

  test("has the size that was asked for", async () => {
    const service = serviceOf(await fragments());
    const sizeOf = async (style: object) => {
      const { pictures } = await page(service, { from: 0, to: 1, style: { ...JPEG, ...style } });
      const path = join(dir.path, "size.image");
      writeFileSync(path, pictures[0]?.image ?? "");
      const args = ["-v", "error", "-show_entries", "stream=codec_name,width,height"];
      return (await run("ffprobe", [...args, "-of", "csv=p=0", path])).stdout.trim();
    };
    assert.equal(await sizeOf({}), "mjpeg,320,180");
    assert.equal(await sizeOf({ height: 90 }), "mjpeg,160,90");
    assert.equal(await sizeOf({ width: 100, height: 100 }), "mjpeg,100,100");
    assert.equal(await sizeOf({ format: "png", width: 64 }), "png,64,36");
  });

  test("may be the newest a producer sends, before it is stored", async () => {
    const [first] = await fragments();
    assert.ok(first);
    const hub = new LiveHub({ clock: realClock });
    const service = serviceOf([first], { hub });
    const newest = () => service.find("cam", { clock: "producer", at: "latest" }, "exact");
    const shown = async (found: Awaited<ReturnType<typeof newest>>) => {
      assert.ok(found.kind === "picture");
      return numberOf((await service.make([found.source], JPEG))[0]);
    };
    assert.equal(await shown(await newest()), 49, "of the archive");
    const camera = hub.open("cam", "live");
    camera.tracks(first.trackSet);
    camera.fragment(first.info.number, 1);
    const frames = archivedFrames(first.trackSet, first.clusterNs, first.blocks.toBytes());
    for (const frame of frames.slice(0, 20)) camera.frame(frame, millis(FAKE_START_MS));
    const want = Math.max(
      ...frames.slice(0, 20).map(({ timeUs }) => timeUs / 1000 - FAKE_START_MS),
    );
    assert.equal(await shown(await newest()), want / 40, "of the hub");
    camera.close();
    assert.equal(await shown(await newest()), 49);
  });

  test("comes in pages that go on where the last ended", async () => {
    const service = serviceOf(await fragments());
    const ask = { from: 0, to: 6000, intervalMs: 200, count: 25 };
    const first = await page(service, ask);
    assert.equal(first.pictures.length, 25);
    assert.match(first.token ?? "", /^[A-Za-z0-9+/]+={0,2}$/);
    const second = await page(service, { ...ask, token: first.token });
    assert.deepEqual([second.pictures.length, second.token], [5, undefined]);
    assert.equal(await numberOf(second.pictures[4]?.image), 145);
    const other = { ...ask, intervalMs: 250, token: first.token };
    await assert.rejects(page(service, other), { code: "request.bad" });
  });
});

/** With other bytes in one of its pictures; default: its key frame. */
function damaged(fragment: SealedFragment, picture = 0): SealedFragment {
  const blocks = Uint8Array.from(fragment.blocks.toBytes());
  const block = scanBlocks(blocks).filter(({ track }) => track === 1)[picture];
  assert.ok(block && block.key === (picture === 0));
  for (let at = block.bodyStart + 40; at < block.bodyEnd; at++) blocks[at] = (at * 37 + 11) & 255;
  return { ...fragment, blocks: Rope.of(blocks) };
}

suite("the processes that make pictures", needs("ffmpeg"), () => {
  /** A program that says its pid and waits until it is ended. */
  function waiting(name: string): string {
    const path = join(dir.path, name);
    writeFileSync(path, `#!/bin/sh\necho $$ >> ${path}.pids\nexec sleep 60\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const pidsOf = (path: string) => {
    try {
      // Whole lines: the file is there before its first one is.
      return [...readFileSync(`${path}.pids`, "utf8").matchAll(/^(\d+)\n/gm)].map(([, pid]) =>
        Number(pid),
      );
    } catch {
      return [];
    }
  };
  const lives = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const until = async (is: () => boolean) => {
    while (!is()) await new Promise((resolve) => setImmediate(resolve));
  };

  test("are no more than allowed; what there is no room for is told so; closing ends them", async () => {
    const program = waiting("busy");
    const run = ffmpegRunner({ clock: realClock, program });
    const service = serviceOf(await fragments(), { run, limits: { running: 2, waiting: 1 } });
    const ask = (ms: number) => page(service, { from: ms, to: ms + 1 });
    const all = Promise.allSettled([ask(0), ask(1000), ask(2000)]);
    await until(() => service.pool.waiting === 1);
    await assert.rejects(ask(3000), { code: "request.busy" });
    await until(() => pidsOf(program).length === 2);
    const pids = pidsOf(program);
    service.close();
    const codes = (await all).map((one) => one.status === "rejected" && one.reason.code);
    assert.deepEqual(codes, ["ffmpeg.failed", "ffmpeg.failed", "server.closing"]);
    assert.deepEqual([pids.length, pids.filter(lives).length], [2, 0]);
    assert.equal(service.pool.running, 0);
  });

  test("are ended after a while, by whoever does it, and the next works", async () => {
    const program = waiting("slow");
    const clock = new FakeClock();
    const slow = ffmpegRunner({ clock, program });
    const real = ffmpegRunner({ clock: realClock });
    let runs = 0;
    const service = serviceOf(await fragments(), {
      run: (one) => (runs++ < 2 ? slow(one) : real(one)),
      limits: { running: 1, waiting: 5 },
    });
    const first = assert.rejects(page(service, { from: 0, to: 1 }), { code: "ffmpeg.failed" });
    await until(() => pidsOf(program).length === 1);
    clock.advance(20_001);
    await first;
    const second = assert.rejects(page(service, { from: 0, to: 1 }), { code: "ffmpeg.failed" });
    await until(() => pidsOf(program).length === 2);
    const [, pid = 0] = pidsOf(program);
    assert.ok(pid > 1);
    process.kill(pid, "SIGKILL");
    await second;
    assert.equal(pidsOf(program).filter(lives).length, 0);
    const { pictures } = await page(service, { from: 1000, to: 1001 });
    assert.equal(await numberOf(pictures[0]?.image), 25);
  });

  test("are missed clearly, and not started again for what is remembered", async () => {
    const none = ffmpegRunner({ clock: realClock, program: join(dir.path, "not-there") });
    const list = await fragments();
    await assert.rejects(page(serviceOf(list, { run: none }), { from: 0, to: 1 }), {
      code: "ffmpeg.missing",
    });
    const real = ffmpegRunner({ clock: realClock });
    let runs = 0;
    const run: typeof real = (one) => {
      runs++;
      return real(one);
    };
    const service = serviceOf(list, { run });
    const once = await page(service, { from: 0, to: 3000 });
    const again = await page(service, { from: 0, to: 3000 });
    assert.deepEqual([once.pictures.length, runs], [3, 1]);
    assert.deepEqual(again, once);
  });
});

suite("pictures over HTTP", needs("ffmpeg"), () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/v1/streams/cam/${path}`, { headers });
  const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());

  before(async () => {
    server = await startTestServer();
    const args = ["put", await numberedMedia(), "--stream", "cam", "--create"];
    const put = await cli([...args, "--start", String(FAKE_START_MS), "--server", server.url]);
    assert.equal(put.code, 0, put.err);
  });
  after(() => server.close());

  test("one: of a time, the newest, and 304 for whoever has it", async () => {
    const one = await get(`image.jpg?at=${FAKE_START_MS + 3333}`);
    assert.equal(one.status, 200);
    assert.equal(one.headers.get("content-type"), "image/jpeg");
    assert.equal(one.headers.get("x-streambank-time"), "2026-09-21T14:13:23.320Z");
    assert.equal(await numberOf(await bytesOf(one)), 83);
    const etag = one.headers.get("etag") ?? "";
    const again = await get(`image.jpg?at=${FAKE_START_MS + 3333}`, { "if-none-match": etag });
    assert.equal(again.status, 304);
    const newest = await get("image.png?at=latest");
    assert.equal(newest.headers.get("content-type"), "image/png");
    assert.equal(await numberOf(await bytesOf(newest)), 149);
    const codes = ["image.jpg?at=5", "image.jpg?at=x", "image.jpg?size=1", "image.jpg?width=9999"];
    const answers = await Promise.all(codes.map(async (path) => (await get(path)).status));
    assert.deepEqual(answers, [404, 400, 400, 400]);
  });

  test("some, and a sheet whose tiles are where its map says", async () => {
    const range = `from=${FAKE_START_MS}&to=${FAKE_START_MS + 6000}`;
    const list = (await (await get(`images?${range}&interval=2000&height=90`)).json()) as {
      images: { timeMs: number; content: string }[];
    };
    assert.equal(list.images.length, 3);
    for (const { timeMs, content } of list.images)
      assert.equal(await numberOf(Buffer.from(content, "base64")), (timeMs - FAKE_START_MS) / 40);
    const { images } = server.parts;
    const map = (await (await get(`thumbnails?${range}&count=20&width=160`)).json()) as {
      url: string;
      tileWidth: number;
      tileHeight: number;
      tiles: { shownMs: number; x: number; y: number }[];
    };
    assert.deepEqual([map.tileWidth, map.tileHeight], [160, 90]);
    assert.ok(map.tiles.length >= 2);
    const path = join(dir.path, "sheet.jpg");
    // What was made for the map is not made again.
    images.close();
    writeFileSync(path, await bytesOf(await get(map.url)));
    for (const { shownMs, x, y } of map.tiles)
      assert.equal(await numberIn(path, `crop=160:90:${x}:${y}`), (shownMs - FAKE_START_MS) / 40);
  });
});
