import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import {
  AUDIO,
  frameOf,
  idOf,
  KeepingViewer,
  START_US,
  TestCamera,
  trackSetOf,
} from "../../test/support/live.ts";
import { millis } from "../base/units.ts";
import { readFrameMessage } from "./encoders/frames-encoder.ts";
import { LiveHub } from "./hub.ts";
import type { LiveItem } from "./items.ts";

const newHub = (limits: { maxGroupBytes?: number } = {}) =>
  new LiveHub({ clock: new FakeClock(), ...limits });

const number = (sequence: number) => ({ sequence, receivedMs: millis(1), salt: 0 });

/** Ids of the frames a viewer of `frames` got. */
const ids = (viewer: KeepingViewer) =>
  viewer.chunks.map((chunk) => idOf(readFrameMessage(chunk.bytes)?.payload ?? new Uint8Array(4)));

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

suite("LiveHub, joining", () => {
  test("a viewer who joins at any moment gets the newest key frame and all after it at once", () => {
    for (let joined = 1; joined <= 45; joined++) {
      const hub = newHub();
      const camera = new TestCamera(hub, "cam", { gop: 10, fragment: 20 });
      camera.run(joined);
      const viewer = new KeepingViewer();
      hub.watch("cam", "frames", viewer);
      const start = Math.floor((joined - 1) / 10) * 10;
      assert.deepEqual(viewer.kinds.slice(0, 2), ["live", "config"], `joined at ${joined}`);
      assert.deepEqual(ids(viewer), range(start, joined));
      assert.equal(viewer.chunks[0]?.joins, true);
      camera.run(15);
      assert.deepEqual(ids(viewer), range(start, joined + 15));
    }
  });

  test("groups that do not begin with their fragment are given from their key frame", () => {
    const hub = newHub();
    const camera = new TestCamera(hub, "cam", { gop: 7, fragment: 20 });
    camera.run(25);
    const heard: LiveItem[] = [];
    hub.subscribe("cam", (item) => heard.push(item));
    const kinds = heard.map((item) => item.kind);
    assert.deepEqual(kinds, ["timeline", "fragment", "frame", "frame", "frame", "frame"]);
    assert.equal(heard[1]?.kind === "fragment" && heard[1].number.sequence, 2);
    assert.equal(heard[2]?.kind === "frame" && heard[2].sequence, 2);
  });

  test("all viewers of a format get the very same arrays, and each frame is encoded once", () => {
    for (const format of ["frames", "mkv"] as const) {
      const hub = newHub();
      const camera = new TestCamera(hub, "cam");
      camera.run(13);
      const viewers = Array.from({ length: 5 }, () => new KeepingViewer());
      for (const viewer of viewers) hub.watch("cam", format, viewer);
      camera.run(10);
      const [first, ...others] = viewers.map((viewer) => viewer.chunks);
      assert.equal(first?.length, 13);
      for (const chunks of others)
        for (const [i, chunk] of chunks.entries()) assert.equal(chunk.bytes, first[i]?.bytes);
    }
  });

  test("audio alone starts a group every second", () => {
    const hub = newHub();
    const publisher = hub.open("mic", "s");
    publisher.tracks(trackSetOf(["audio"]));
    publisher.fragment(number(1), 0);
    for (let i = 0; i < 130; i++) {
      const timeUs = START_US + i * 20_000;
      publisher.frame(frameOf({ track: AUDIO, key: true, timeUs, id: i }), millis(1));
    }
    for (const format of ["frames", "mkv"] as const) {
      const viewer = new KeepingViewer();
      hub.watch("mic", format, viewer);
      assert.equal(viewer.chunks[0]?.source.frame.timeUs, START_US + 2_000_000, format);
      assert.equal(viewer.chunks.length, 30);
    }
  });

  test("video before the first key frame is left out, audio is not", () => {
    const hub = newHub();
    const publisher = hub.open("cam", "s");
    const viewer = new KeepingViewer();
    hub.watch("cam", "frames", viewer);
    publisher.tracks(trackSetOf(["video", "audio"]));
    publisher.fragment(number(1), 0);
    publisher.frame(frameOf({ id: 1 }), millis(1));
    publisher.frame(frameOf({ id: 2, track: AUDIO, key: true }), millis(1));
    publisher.frame(frameOf({ id: 3 }), millis(1));
    publisher.frame(frameOf({ id: 4, key: true }), millis(1));
    publisher.frame(frameOf({ id: 5 }), millis(1));
    assert.deepEqual(ids(viewer), [2, 4, 5]);
  });

  test("a group over maxGroupBytes is not kept; who joins then waits for the next key frame", () => {
    const hub = newHub({ maxGroupBytes: 5000 });
    const camera = new TestCamera(hub, "cam", { gop: 20, fragment: 20, bytes: 400 });
    camera.run(15);
    const viewer = new KeepingViewer();
    hub.watch("cam", "frames", viewer);
    assert.equal(viewer.chunks.length, 0);
    camera.run(10);
    assert.deepEqual(ids(viewer), range(15, 25));
    assert.equal(viewer.chunks[5]?.joins, true);
    const second = new KeepingViewer();
    hub.watch("cam", "frames", second);
    assert.deepEqual(ids(second), range(20, 25));
  });
});

suite("LiveHub, timelines", () => {
  test("a new track set starts a new timeline for viewers who watch", () => {
    const hub = newHub();
    const camera = new TestCamera(hub, "cam");
    const viewer = new KeepingViewer();
    hub.watch("cam", "mkv", viewer);
    camera.run(20);
    camera.publisher.tracks(trackSetOf(["video", "audio"], 640));
    camera.run(2);
    const configs = viewer.items.filter((item) => item.kind === "config");
    assert.deepEqual(
      configs.map((config) => config.tracks[0]?.track.video?.width),
      [1280, 640],
    );
    const at = viewer.items.indexOf(configs[1] ?? { kind: "live" });
    const next = viewer.items[at + 1];
    assert.ok(next?.kind === "chunk" && next.joins);
    assert.deepEqual([...(configs[1]?.init?.subarray(0, 4) ?? [])], [0x1a, 0x45, 0xdf, 0xa3]);
  });

  test("a new run starts a new timeline at its first key frame", () => {
    const hub = newHub();
    const viewer = new KeepingViewer();
    const publisher = hub.open("cam", "s");
    publisher.tracks(trackSetOf(["video"]));
    publisher.fragment(number(1), 0);
    publisher.frame(frameOf({ key: true, id: 1 }), millis(1));
    hub.watch("cam", "frames", viewer);
    publisher.fragment(number(2), 1);
    publisher.frame(frameOf({ id: 2 }), millis(1));
    publisher.frame(frameOf({ key: true, id: 3 }), millis(1));
    assert.deepEqual(ids(viewer), [1, 3]);
    const runs = viewer.items.filter((item) => item.kind === "config");
    assert.deepEqual(
      runs.map((config) => config.timeline.run),
      [0, 1],
    );
  });

  test("of two producers the newest is shown from its first key frame on, and the older again after it", () => {
    const hub = newHub();
    const viewer = new KeepingViewer();
    const old = new TestCamera(hub, "cam", { session: "old", gop: 5 });
    hub.watch("cam", "frames", viewer);
    old.run(3);
    const young = hub.open("cam", "young");
    young.tracks(trackSetOf(["video"]));
    young.fragment(number(9), 0);
    young.frame(frameOf({ id: 101 }), millis(1));
    old.run(1);
    young.frame(frameOf({ id: 102, key: true }), millis(1));
    old.run(3);
    young.frame(frameOf({ id: 103 }), millis(1));
    assert.deepEqual(ids(viewer), [0, 1, 2, 3, 102, 103]);
    assert.equal(hub.status("cam")?.session, "young");
    young.close();
    old.run(4);
    assert.deepEqual(ids(viewer).slice(6), [10]);
    assert.equal(
      viewer.kinds.filter((kind) => kind === "offline").length,
      1,
      "only before it began",
    );
    assert.equal(hub.status("cam")?.session, "old");
  });

  test("viewers stay when the producer leaves, and go on when another comes", () => {
    const clock = new FakeClock(5000);
    const hub = new LiveHub({ clock });
    const viewer = new KeepingViewer();
    hub.watch("cam", "frames", viewer);
    const camera = new TestCamera(hub, "cam");
    camera.run(1);
    clock.advance(250);
    camera.close();
    assert.deepEqual(viewer.items.at(-1), { kind: "offline", sinceMs: 5250 });
    new TestCamera(hub, "cam", { session: "session-2", firstId: 50 }).run(2);
    assert.deepEqual(viewer.kinds, [
      ...["offline", "live", "config", "chunk", "offline"],
      ...["live", "config", "chunk", "chunk"],
    ]);
    const late = new KeepingViewer();
    hub.watch("cam", "frames", late);
    assert.deepEqual(ids(late), [50, 51]);
  });
});

suite("LiveHub, keeping house", () => {
  test("status tells whether a producer is connected, its tracks, its newest frame and the viewers", () => {
    const hub = newHub();
    assert.equal(hub.status("cam"), undefined);
    const trackSet = trackSetOf(["video"]);
    const camera = new TestCamera(hub, "cam", { trackSet });
    camera.run(3);
    const watch = hub.watch("cam", "frames", new KeepingViewer());
    hub.watch("cam", "mkv", new KeepingViewer());
    const lastFrameMs = camera.receivedMs(2);
    const session = "session-1";
    // Not a second of it yet.
    const rates = { fps: 0, kbits: 0 };
    const want = { live: true, lastFrameMs, trackSet, session, viewers: 2, rates };
    assert.deepEqual(hub.status("cam"), want);
    watch.close();
    camera.close();
    assert.deepEqual(hub.status("cam"), { ...want, live: false, viewers: 1 });
  });

  test("a viewer who left gets nothing more, also when it leaves while a frame is handed out", () => {
    const hub = newHub();
    const camera = new TestCamera(hub, "cam");
    camera.run(1);
    const [one, two] = [new KeepingViewer(), new KeepingViewer()];
    const watch = hub.watch("cam", "frames", one);
    one.push = () => watch.close();
    hub.watch("cam", "frames", two);
    camera.run(3);
    assert.equal(one.chunks.length, 1);
    assert.equal(two.chunks.length, 4);
    assert.equal(hub.status("cam")?.viewers, 1);
  });

  test("a viewer that throws is told so and taken off; the producer and the others notice nothing", () => {
    const hub = newHub();
    const camera = new TestCamera(hub, "cam");
    const [bad, good] = [new KeepingViewer(), new KeepingViewer()];
    hub.watch("cam", "frames", bad);
    hub.watch("cam", "frames", good);
    bad.push = () => {
      throw new Error("broken viewer");
    };
    camera.run(3);
    assert.equal(bad.errors.length, 1);
    assert.equal(good.chunks.length, 3);
    assert.equal(hub.status("cam")?.viewers, 1);
  });

  test("without viewers no payload is joined", () => {
    const hub = newHub();
    const publisher = hub.open("cam", "s");
    publisher.tracks(trackSetOf(["video"]));
    publisher.fragment(number(1), 0);
    const frame = frameOf({ key: true });
    let joined = 0;
    const payload = new Proxy(frame.payload, {
      get(target, name) {
        if (name === "toBytes" || name === "copyTo" || name === "parts") joined++;
        return Reflect.get(target, name, target);
      },
    });
    publisher.frame({ ...frame, payload }, millis(1));
    assert.equal(joined, 0);
    hub.watch("cam", "frames", {
      push: () => {},
      failed: () => {},
    });
    assert.ok(joined > 0, "the probe sees joining");
  });

  test("a stream somebody only waited for is forgotten when the viewer leaves", () => {
    const hub = newHub();
    hub.watch("nothing", "frames", new KeepingViewer()).close();
    assert.equal(hub.status("nothing"), undefined);
  });

  test("memory is bounded: a day without key frames keeps nothing, short groups keep one fragment", () => {
    const hub = newHub({ maxGroupBytes: 10_000 });
    const camera = new TestCamera(hub, "cam", { gop: 100_000, fragment: 50, bytes: 100 });
    camera.run(5000);
    const heard: LiveItem[] = [];
    hub.subscribe("cam", (item) => heard.push(item)).close();
    assert.equal(heard.length, 1, "the timeline alone");
    assert.equal(hub.oldestFragment("cam")?.sequence, 100);
  });
});

suite("LiveHub, going on from the archive", () => {
  const after = (hub: LiveHub, sequence: number, maxBytes = 1e9) => {
    const heard: number[] = [];
    const subscription = hub.subscribeAfter("cam", {
      sequence,
      maxBytes,
      listener: (item) => {
        if (item.kind === "frame") heard.push(idOf(item.frame.payload.toBytes()));
      },
    });
    return subscription && heard;
  };

  test("gives the next fragment from its very first frame, although a group began later", () => {
    const hub = newHub();
    const camera = new TestCamera(hub, "cam", { gop: 10, fragment: 20 });
    camera.run(55);
    assert.equal(after(hub, 1), undefined, "fragment 2 is gone");
    assert.equal(after(hub, 3), undefined, "fragment 4 has not begun");
    const heard = after(hub, 2);
    assert.deepEqual(heard, range(40, 55));
    camera.run(10);
    assert.deepEqual(heard, range(40, 65));
  });

  test("does not hand over several groups of more than maxBytes, but any single group", () => {
    const hub = newHub();
    const camera = new TestCamera(hub, "cam", { gop: 10, fragment: 20, bytes: 100 });
    camera.run(30);
    assert.deepEqual(after(hub, 1, 500), range(20, 30));
    camera.run(5);
    assert.equal(after(hub, 1, 500), undefined);
    assert.deepEqual(after(hub, 1, 1500), range(20, 35));
  });

  test("does not call a fragment whole whose beginning another producer covered", () => {
    const hub = newHub();
    const old = new TestCamera(hub, "cam", { session: "old" });
    old.run(3);
    const young = new TestCamera(hub, "cam", { session: "young", sequence: 2, gop: 4 });
    old.run(1);
    young.run(1);
    assert.deepEqual(after(hub, 1), [0], "taken over at its first frame: whole");
    const third = hub.open("cam", "third");
    third.tracks(trackSetOf(["video"]));
    third.fragment(number(3), 0);
    third.frame(frameOf({ id: 1 }), millis(1));
    third.frame(frameOf({ id: 2, key: true }), millis(1));
    assert.equal(after(hub, 2), undefined);
  });
});
