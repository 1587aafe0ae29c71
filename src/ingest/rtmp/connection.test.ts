/** One connection on a real socket, with a clock and a store that the test moves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeSink, noViewers } from "../../../test/support/fake-sink.ts";
import { avcConfig, avcFrame } from "../../../test/support/flv-messages.ts";
import { randomBytes } from "../../../test/support/random.ts";
import {
  HELLO,
  publishing,
  RtmpEncoder,
  rtmpCommand,
  rtmpMessage,
} from "../../../test/support/rtmp-encoder.ts";
import { silentLogger } from "../../base/logger.ts";
import { Ingest } from "../ingest.ts";
import { onlyHere } from "../placement.ts";
import { openAccess } from "../push-access.ts";
import { RtmpType } from "./chunk-reader.ts";
import { RtmpConnection } from "./connection.ts";
import { RtmpServer } from "./server.ts";

const turn = () => new Promise((done) => setImmediate(done));

function ingesting({ behind = false } = {}) {
  const clock = new FakeClock();
  const sink = new FakeSink({ behind });
  const ingest = new Ingest({ sink, live: noViewers, clock, log: silentLogger });
  const catalogue = { get: async () => ({}) } as never;
  const parts = {
    ...{ ingest, catalogue, access: openAccess, placement: onlyHere },
    ...{ createMissing: false, defaultRetentionHours: 24, clock, log: silentLogger },
  };
  return { clock, sink, ingest, parts };
}

/** A port whose connections put into a sink of the test's. */
async function listening(options = {}) {
  const { parts, ...made } = ingesting(options);
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    new RtmpConnection(socket, parts);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ ...made, port },
    /** The server's end of the first connection. */
    async socket(): Promise<Socket> {
      for (; ; await turn()) if (sockets[0] !== undefined) return sockets[0];
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** The server's end of a connection, without the system's own buffers; the peer reads nothing. */
class DeafSocket extends Duplex {
  readonly remoteAddress = "192.0.2.7";
  setNoDelay(): void {}
  override _read(): void {}
  /** Never taken. */
  override _write(): void {}
}

suite("an RTMP connection", { timeout: 20_000 }, () => {
  const ping = rtmpMessage(RtmpType.userControl, Buffer.of(0, 6, 0, 0, 1, 2));
  for (const [name, bytes] of [
    ["pings", ping],
    ["creates streams", rtmpCommand("createStream", 1, null)],
  ] as const)
    test(`that ${name} for ever and reads no answer is ended before much waits for it`, async () => {
      const { parts, clock } = ingesting();
      const socket = new DeafSocket();
      new RtmpConnection(socket as unknown as Socket, parts);
      socket.push(HELLO);
      const asked = Buffer.concat(Array.from({ length: 1000 }, () => bytes));
      for (let i = 0; i < 100 && !socket.writableEnded; i++) {
        socket.push(asked);
        await turn();
      }
      assert.ok(socket.writableLength < 256 << 10, `${socket.writableLength} bytes wait`);
      assert.ok(socket.writableEnded);
      // It is told why, for a second.
      clock.advance(1000);
      assert.ok(socket.destroyed);
    });

  test("is not read while the store is behind, and loses nothing", async () => {
    await using server = await listening({ behind: true });
    const encoder = await RtmpEncoder.publish({ port: server.port, name: "cam" });
    const frames = 90;
    const frame = avcFrame(true, Buffer.alloc(200_000, 1));
    await encoder.send("video", 0, avcConfig());
    const sent = [];
    for (let i = 0; i < frames; i++) sent.push(encoder.send("video", i * 2000, frame));
    const socket = await server.socket();
    while (!socket.isPaused()) await turn();
    const { bytesRead } = socket;
    for (let i = 0; i < 200; i++) await turn();
    assert.equal(socket.bytesRead, bytesRead, "not read");
    assert.ok(server.sink.pendingBytes < 8 << 20, `${server.sink.pendingBytes}`);
    assert.ok(bytesRead < 12 << 20, `${bytesRead} of ${frames * frame.length}`);
    server.sink.catchUp();
    await Promise.all(sent);
    await encoder.end();
    while (server.ingest.sessions > 0) await turn();
    assert.equal(server.sink.taken.length, frames);
  });

  /** Advances a second at a time until the socket is gone, and tells how many it took. */
  async function endsAfter(socket: DeafSocket, clock: FakeClock, each = () => {}): Promise<number> {
    for (let seconds = 0; seconds < 100; seconds++) {
      if (socket.destroyed) return seconds;
      each();
      await turn();
      clock.advance(1000);
      await turn();
    }
    return assert.fail("it is still there");
  }

  test("that goes while its stream is looked up does not keep the stream", async () => {
    const { parts, ingest } = ingesting();
    const lookUps: (() => void)[] = [];
    const get = () => new Promise((resolve) => lookUps.push(() => resolve({})));
    const socket = new DeafSocket();
    new RtmpConnection(socket as unknown as Socket, { ...parts, catalogue: { get } as never });
    socket.push(publishing("live", "cam"));
    while (lookUps.length === 0) await turn();
    socket.destroy();
    await turn();
    lookUps[0]?.();
    await turn();
    assert.equal(ingest.sessions, 0);
    const other = { protocol: "rtmp", identity: "another" } as const;
    ingest.publishers.enter("cam", { ...other, quietMs: () => 0, replace() {} });
  });

  test("that says garbage after the handshake is ended by its deadline, or at once", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { parts, clock } = ingesting();
      const socket = new DeafSocket();
      new RtmpConnection(socket as unknown as Socket, parts);
      socket.push(Buffer.concat([HELLO, randomBytes(200, seed)]));
      assert.ok((await endsAfter(socket, clock)) <= 11, `seed ${seed}`);
    }
  });

  test("that says one byte a second has ten seconds for its publish", async () => {
    for (const at of [0, HELLO.length]) {
      const { parts, clock } = ingesting();
      const socket = new DeafSocket();
      new RtmpConnection(socket as unknown as Socket, parts);
      const whole = publishing("live", "cam");
      if (at > 0) socket.push(whole.subarray(0, at));
      let next = at;
      const drip = () => void (socket.destroyed || socket.push(whole.subarray(next, ++next)));
      assert.equal(await endsAfter(socket, clock, drip), 11);
    }
  });

  test("that has published and sends no media is ended after thirty seconds, whatever else it says", async () => {
    const frame = rtmpMessage(RtmpType.video, avcFrame(true, Buffer.alloc(1000)));
    for (const [name, bytes] of [
      ["nothing", Buffer.alloc(0)],
      ["pings", ping],
      ["bytes of one frame", frame],
    ] as const) {
      const { parts, clock, ingest } = ingesting();
      const socket = new DeafSocket();
      new RtmpConnection(socket as unknown as Socket, parts);
      socket.push(publishing("live", "cam"));
      while (ingest.sessions === 0) await turn();
      await turn();
      let next = 0;
      const say = () => {
        if (socket.destroyed || bytes.length === 0) return;
        socket.push(name === "pings" ? bytes : bytes.subarray(next, ++next));
      };
      const seconds = await endsAfter(socket, clock, say);
      assert.ok(seconds >= 30 && seconds <= 33, `${name}: ${seconds} s`);
      assert.equal(ingest.sessions, 0);
    }
  });

  test("that stops in the middle of a TLS handshake is ended by its deadline", async () => {
    const { parts, clock } = ingesting();
    const file = (name: string) =>
      readFileSync(join(import.meta.dirname, "../../../test/fixtures", name), "utf8");
    const certificate = { cert: file("localhost-cert.pem"), key: file("localhost-key.pem") };
    const server = new RtmpServer(parts, certificate);
    const port = await server.listen(0, "127.0.0.1");
    const stalled = connect(port, "127.0.0.1");
    stalled.on("error", () => {});
    // The head of a ClientHello of 500 bytes.
    stalled.write(Buffer.of(22, 3, 1, 1, 0xf4, 1, 0, 1, 0xf0));
    while (clock.pendingTimers === 0) await turn();
    clock.advance(9999);
    await turn();
    assert.equal(stalled.closed, false);
    stalled.resume();
    const closed = once(stalled, "close");
    clock.advance(1);
    await closed;
    await server.close();
  });
});
