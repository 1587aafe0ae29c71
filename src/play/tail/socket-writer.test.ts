import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeSocket } from "../../../test/support/fake-socket.ts";
import { chunkOf, idOf, TestCamera } from "../../../test/support/live.ts";
import { readFrameMessage } from "../../live/encoders/frames-encoder.ts";
import { LiveHub } from "../../live/hub.ts";
import { SocketWriter, type WriterLimits } from "./socket-writer.ts";

const writerOn = (socket: FakeSocket, limits: Partial<WriterLimits>) =>
  new SocketWriter(socket, {
    limits,
    onFailed: (error) => {
      throw error;
    },
  });

suite("SocketWriter", () => {
  test("hands the very array to the socket while it keeps up", () => {
    const socket = new FakeSocket();
    const writer = writerOn(socket, {});
    const chunk = chunkOf({ key: true });
    writer.push(chunk);
    assert.equal(socket.media[0], chunk.bytes);
  });

  test("goes on with the queue when the socket has drained, in order and without loss", () => {
    const socket = new FakeSocket();
    socket.stop();
    const writer = writerOn(socket, { maxBuffered: 100, maxBytes: 10_000 });
    for (let i = 0; i < 50; i++) writer.push(chunkOf({ key: i % 10 === 0, bytes: 30, id: i }));
    assert.equal(writer.blocked, true);
    assert.ok(socket.bufferedAmount <= 100 + 30, `${socket.bufferedAmount} bytes in the socket`);
    while (socket.media.length < 50) socket.flush();
    assert.deepEqual(
      socket.media.map(idOf),
      Array.from({ length: 50 }, (_, i) => i),
    );
    socket.flush();
    assert.equal(writer.blocked, false);
    assert.equal(writer.lostFrames, 0);
  });

  test("a viewer that reads nothing for a minute costs its limits and no more, and is told what it lost", () => {
    const hub = new LiveHub({ clock: new FakeClock() });
    const camera = new TestCamera(hub, "cam", { gop: 25, bytes: 1000 });
    const socket = new FakeSocket();
    const limits = { maxBuffered: 40_000, maxBytes: 60_000 };
    const writer = writerOn(socket, limits);
    hub.watch("cam", "frames", writer);
    camera.run(10);
    socket.stop();
    let most = 0;
    for (let i = 0; i < 1500; i++) {
      camera.run();
      most = Math.max(most, writer.queuedBytes);
    }
    assert.ok(most <= limits.maxBytes, `${most} bytes in the queue`);
    assert.ok(socket.peak <= limits.maxBuffered + 1040 + 200, `${socket.peak} in the socket`);
    socket.go();
    camera.run(5);
    const got = socket.media.map((bytes) => readFrameMessage(bytes) ?? assert.fail("not a frame"));
    const lost = socket.texts.filter((text) => text.type === "lost");
    assert.equal(lost.length, 1);
    assert.equal(got.length + (lost[0]?.frames ?? 0), 1515, "every frame came or was told");
    const jump = got.findIndex(
      (f, i) => i > 0 && idOf(f.payload) !== idOf(got[i - 1]?.payload ?? f.payload) + 1,
    );
    assert.equal(got[jump]?.joins, true, "goes on at a key frame");
    const at = socket.sent.findIndex((one) => typeof one === "string" && one.includes('"lost"'));
    assert.ok(socket.sent[at + 1] instanceof Uint8Array, "told just before the media");
    assert.equal(writer.lostFrames, lost[0]?.frames);
  });

  test("gives a joiner a group larger than all its limits whole, because its bytes are shared", () => {
    const hub = new LiveHub({ clock: new FakeClock() });
    const camera = new TestCamera(hub, "cam", { gop: 1000, bytes: 1000 });
    camera.run(300);
    const socket = new FakeSocket();
    socket.stop();
    hub.watch("cam", "frames", writerOn(socket, { maxBuffered: 20_000, maxBytes: 20_000 }));
    for (let i = 0; i < 100 && socket.media.length < 300; i++) socket.flush();
    assert.equal(socket.media.length, 300);
    assert.ok(!socket.texts.some((text) => text.type === "lost"));
  });

  test("room waits until the socket took everything, and ends when it closes", async () => {
    const socket = new FakeSocket();
    socket.stop();
    const writer = writerOn(socket, { maxBuffered: 10 });
    await writer.room();
    let there = false;
    writer.push(chunkOf({ key: true, bytes: 20 }));
    const waited = writer.room().then(() => {
      there = true;
    });
    await Promise.resolve();
    assert.equal(there, false);
    socket.flush();
    await waited;
    writer.push(chunkOf({ key: true, bytes: 20 }));
    const closing = writer.room();
    socket.readyState = 3;
    writer.closed();
    await closing;
  });
});
