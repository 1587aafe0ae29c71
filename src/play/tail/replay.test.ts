import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeSocket } from "../../../test/support/fake-socket.ts";
import { idOf, START_US, TestCamera } from "../../../test/support/live.ts";
import { random } from "../../../test/support/random.ts";
import { TailArchive } from "../../../test/support/tail-archive.ts";
import type { SealedFragment } from "../../fragment/fragment.ts";
import { readFrameMessage } from "../../live/encoders/frames-encoder.ts";
import type { TailFormat } from "../../live/feed-items.ts";
import { LiveHub } from "../../live/hub.ts";
import { MkvReader } from "../../media/mkv/reader.ts";
import { EMPTY_PATIENCE_MS, GIVE_UP_MS, Replay } from "./replay.ts";
import { SocketWriter, type WriterLimits } from "./socket-writer.ts";

/** Lets what waits for a promise go on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const START_MS = START_US / 1000;
const FRAME_MS = 40;

/** A hub, an archive and viewers on one clock. */
class Scene {
  readonly clock = new FakeClock(START_MS);
  readonly hub = new LiveHub({ clock: this.clock });
  readonly archive = new TailArchive();
  readonly gone = new AbortController();

  view(
    fromMs: number,
    options: { format?: TailFormat; limits?: Partial<WriterLimits>; joined?: boolean } = {},
  ) {
    const { format = "frames", limits = {}, joined = false } = options;
    const socket = new FakeSocket();
    const onFailed = (error: unknown) => {
      throw error;
    };
    const writer = new SocketWriter(socket, { limits, onFailed });
    const { hub, clock, archive: reader } = this;
    const { signal } = this.gone;
    const parts = { hub, clock, reader, stream: "cam", format, fromMs, joined, writer, signal };
    const replay = new Replay(parts);
    return { socket, replay, done: replay.run() };
  }

  /** Lets everything that waits for a promise go on. */
  async settle(ms = 0): Promise<void> {
    for (let i = 0; i < 30; i++) await turn();
    if (ms === 0) return;
    this.clock.advance(ms);
    await this.settle();
  }
}

const ids = (socket: FakeSocket) =>
  socket.media.map((bytes) => idOf(readFrameMessage(bytes)?.payload ?? assert.fail("no frame")));
const types = (socket: FakeSocket) => socket.texts.map((text) => text.type);
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

suite("Replay", () => {
  test("gives the archive from the fragment that holds T, then the hub's frames, then shares the feed", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(95);
    for (const sealed of camera.sealed) scene.archive.store(sealed);
    const { socket, done } = scene.view(START_MS + 25 * FRAME_MS);
    await done;
    assert.deepEqual(ids(socket), range(20, 95));
    assert.equal(
      scene.hub.status("cam")?.viewers,
      1,
      "on the shared feed: the newest group is there",
    );
    camera.run(30);
    assert.deepEqual(ids(socket), range(20, 125));
    assert.deepEqual(types(socket), ["config", "live", "live", "config"]);
    assert.equal(scene.archive.reads, 3, "fragments 2, 3 and 4; 5 came from the hub");
  });

  test("for any order of frames, fsyncs, looks and stalls: no frame twice, none missing", async () => {
    for (let seed = 1; seed <= 150; seed++) await interleave(seed);
  });

  test("joined, the archive comes in few messages with the same bytes, the hub's frames one by one", async () => {
    const bytes: string[] = [];
    const counts: number[] = [];
    for (const joined of [false, true]) {
      const scene = new Scene();
      const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
      camera.run(95);
      for (const sealed of camera.sealed) scene.archive.store(sealed);
      const { socket, done } = scene.view(START_MS, { format: "mkv", joined });
      await done;
      bytes.push(Buffer.concat(socket.media).toString("hex"));
      counts.push(socket.media.length);
    }
    assert.equal(bytes[0], bytes[1]);
    const [one = 0, few = 0] = counts;
    // Four fragments of 20 frames, of which all but the first have gone together; the hub held the fifth.
    assert.equal(one - few, 4 * 19, `${one} and ${few} messages`);
  });

  test("T within the fragment that is arriving now starts at its beginning", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(55);
    for (const sealed of camera.sealed) scene.archive.store(sealed);
    const { socket, done } = scene.view(START_MS + 52 * FRAME_MS);
    await done;
    camera.run(20);
    assert.deepEqual(ids(socket), range(40, 75));
  });

  test("waits for a fragment that is on its way to the disk", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(65);
    const [one, two, three] = camera.sealed;
    assert.ok(one && two && three);
    scene.archive.store(one);
    scene.archive.store(two);
    const { socket } = scene.view(START_MS);
    await scene.settle(1000);
    assert.deepEqual(ids(socket), range(0, 40));
    scene.archive.store(three);
    await scene.settle(1000);
    assert.deepEqual(ids(socket), range(0, 65));
  });

  test("says gap and goes live when the archive never gets what is missing", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(65);
    const [one] = camera.sealed;
    assert.ok(one);
    scene.archive.store(one);
    const { socket, done } = scene.view(START_MS);
    for (let ms = 0; ms <= GIVE_UP_MS + 500; ms += 250) await scene.settle(250);
    await done;
    assert.deepEqual(ids(socket), [...range(0, 20), ...range(60, 65)]);
    const gap = socket.texts.find((text) => text.type === "gap");
    assert.deepEqual(gap, { type: "gap", afterSequence: 1, beforeSequence: 4 });
  });

  test("a stream that keeps nothing goes on from what the hub holds", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(35);
    const { socket } = scene.view(START_MS);
    for (let ms = 0; ms <= EMPTY_PATIENCE_MS; ms += 250) await scene.settle(250);
    assert.deepEqual(ids(socket), range(20, 35));
    assert.ok(types(socket).includes("gap"));
  });

  test("with nothing stored yet the first fragment comes from the hub at once, whole", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(15);
    const { socket, done } = scene.view(START_MS);
    await done;
    assert.deepEqual(ids(socket), range(0, 15));
  });

  test("a stream without media and without producer is live at once, and waits", async () => {
    const scene = new Scene();
    const { socket, done } = scene.view(START_MS);
    await done;
    assert.deepEqual(types(socket), ["offline"]);
  });

  test("damaged media is told as a gap, and the rest follows", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(70);
    for (const sealed of camera.sealed) scene.archive.store(sealed);
    scene.archive.broken.add(2);
    const { socket, done } = scene.view(START_MS);
    await done;
    assert.deepEqual(ids(socket), [...range(0, 20), ...range(40, 70)]);
    const gap = socket.texts.find((text) => text.type === "gap");
    assert.deepEqual(gap, { type: "gap", afterSequence: 1, beforeSequence: 3 });
  });

  test("with the producer away it gives the archive, says offline, looks seldom, and goes on when it is back", async () => {
    const scene = new Scene();
    const first = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    first.run(40);
    first.close();
    for (const sealed of first.sealed) scene.archive.store(sealed);
    const { socket } = scene.view(START_MS);
    await scene.settle(1000);
    assert.deepEqual(ids(socket), range(0, 40));
    assert.deepEqual(types(socket), ["config", "offline"]);
    for (let i = 0; i < 60; i++) await scene.settle(250);
    const { lookups } = scene.archive;
    for (let i = 0; i < 20; i++) await scene.settle(250);
    assert.equal(
      scene.archive.lookups,
      lookups,
      "an idle viewer does not ask the index again and again",
    );
    const back = { session: "session-2", sequence: 3, firstId: 40, startUs: START_US + 60_000_000 };
    const second = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20, ...back });
    second.run(5);
    await scene.settle(1000);
    second.run(20);
    assert.deepEqual(ids(socket), range(0, 65));
    assert.ok(!types(socket).includes("gap"));
  });

  test("a slow reader of the archive loses nothing, and only a few fragments are read ahead for it", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20, bytes: 1000 });
    camera.run(400);
    camera.close();
    for (const sealed of camera.sealed) scene.archive.store(sealed);
    const { socket } = scene.view(START_MS, { limits: { maxBuffered: 5000, maxBytes: 5000 } });
    socket.stop();
    await scene.settle();
    assert.equal(scene.archive.reads, 1);
    for (let i = 0; i < 200; i++) {
      socket.flush();
      await turn();
    }
    assert.deepEqual(ids(socket), range(0, 400));
  });

  test("mkv from the archive into live is one readable stream with every frame once", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(75);
    for (const sealed of camera.sealed) scene.archive.store(sealed);
    const { socket, done } = scene.view(START_MS, { format: "mkv" });
    await done;
    camera.run(25);
    const reader = new MkvReader();
    for (const bytes of socket.media) reader.push(bytes);
    reader.end();
    const got: number[] = [];
    for (let item = reader.pull(); item !== undefined; item = reader.pull())
      if (item.kind === "block")
        for (const payload of item.block.frames) got.push(idOf(payload.toBytes()));
    assert.deepEqual(got, range(0, 100));
  });

  test("ends when the viewer leaves: no timer, no subscription stays", async () => {
    const scene = new Scene();
    const camera = new TestCamera(scene.hub, "cam", { gop: 10, fragment: 20 });
    camera.run(65);
    const [one] = camera.sealed;
    assert.ok(one);
    scene.archive.store(one);
    const { replay, done } = scene.view(START_MS);
    await scene.settle();
    assert.equal(scene.clock.pendingTimers, 1);
    scene.gone.abort();
    replay.close();
    await done;
    assert.equal(scene.clock.pendingTimers, 0);
    assert.equal(scene.hub.status("cam")?.viewers, 0);
  });
});

/** One run of a camera (with a reconnect), a disk and a viewer, their steps mixed by the seed. */
async function interleave(seed: number): Promise<void> {
  const next = random(seed);
  const scene = new Scene();
  const pick = (from: number, to: number) => from + Math.floor(next() * (to - from));
  const shape = { gop: pick(3, 15), fragment: pick(8, 40), bytes: 100 };
  let camera = new TestCamera(scene.hub, "cam", shape);
  const all: SealedFragment[] = [];
  let [frames, stored, session] = [0, 0, 1];
  const collect = () => {
    const known = all.filter((sealed) => sealed.info.session === `session-${session}`).length;
    all.push(...camera.sealed.slice(known));
  };
  const produce = (count: number) => {
    camera.run(count);
    frames += count;
    collect();
  };
  const reconnect = () => {
    camera.close();
    collect();
    session++;
    const startUs = START_US + frames * 40_000 + 1_000_000 * session;
    const sequence = (all.at(-1)?.info.number.sequence ?? 0) + 1;
    const more = { session: `session-${session}`, sequence, firstId: frames, startUs };
    camera = new TestCamera(scene.hub, "cam", { ...shape, ...more });
  };
  const persist = () => {
    const sealed = all[stored];
    if (sealed === undefined) return;
    scene.archive.store(sealed);
    stored++;
  };
  produce(pick(1, 150));
  while (stored < all.length - pick(0, 4)) persist();
  if (all.length > 0 && stored === 0) persist();
  const fromMs = START_MS + pick(0, frames) * FRAME_MS;
  const limits = { maxBuffered: 4000, maxBytes: 1e6 };
  const { socket, done } = scene.view(fromMs, { limits });
  for (let step = 0; step < 60; step++) {
    const what = next();
    if (what < 0.35) produce(pick(1, 12));
    else if (what < 0.6) persist();
    else if (what < 0.65) socket.stop();
    else if (what < 0.75) socket.go();
    else if (what < 0.77) reconnect();
    else if (what < 0.9) await scene.settle(pick(0, 2) * 250);
    else await turn();
  }
  socket.go();
  for (let i = 0; i < 8; i++) {
    while (stored < all.length) persist();
    produce(3);
    await scene.settle(250);
  }
  const got = ids(socket);
  const first = got[0] ?? assert.fail(`seed ${seed}: nothing came`);
  assert.deepEqual(got, range(first, frames), `seed ${seed}`);
  assert.ok(first <= (fromMs - START_MS) / FRAME_MS, `seed ${seed}: began after T`);
  const starts = all.map((sealed) => sealed.info);
  assert.ok(!types(socket).some((type) => type === "lost" || type === "gap"), `seed ${seed}`);
  assert.ok(starts.length > 0 || first === 0);
  scene.gone.abort();
  await done;
}
