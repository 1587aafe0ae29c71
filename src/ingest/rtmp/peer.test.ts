import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type AmfValue, amf0, readAmf0 } from "./amf0.ts";
import { ChunkReader, RtmpType } from "./chunk-reader.ts";
import { type PeerEvent, RtmpPeer } from "./peer.ts";

/** One chunk per message: the peers' chunk size is set first. */
function message(
  type: number,
  payload: Uint8Array,
  { time = 0, length = payload.length } = {},
): Buffer {
  const head = Buffer.alloc(12);
  head[0] = 4;
  head.writeUIntBE(time, 1, 3);
  head.writeUIntBE(length, 4, 3);
  head[7] = type;
  return Buffer.concat([head, payload]);
}

const say = (...values: AmfValue[]) => message(RtmpType.commandAmf0, amf0(values));

class Encoder {
  readonly sent: Uint8Array[] = [];
  readonly peer = new RtmpPeer({
    send: (bytes) => this.sent.push(bytes),
    random: (count) => new Uint8Array(count).fill(7),
  });

  shake(): this {
    const c1 = new Uint8Array(1536).fill(1);
    this.peer.push(Buffer.concat([Buffer.of(3), c1, new Uint8Array(1536)]));
    assert.equal(this.peer.pull(), undefined);
    this.peer.push(message(RtmpType.setChunkSize, Buffer.of(0, 1, 0, 0)));
    return this;
  }

  events(...parts: Uint8Array[]): PeerEvent[] {
    const events: PeerEvent[] = [];
    for (const part of parts) {
      this.peer.push(part);
      for (let e = this.peer.pull(); e !== undefined; e = this.peer.pull()) events.push(e);
    }
    return events;
  }

  publish(name = "cam"): PeerEvent[] {
    return this.events(
      say("connect", 1, { app: "live", tcUrl: "rtmp://x/live" }),
      say("releaseStream", 2, null, name),
      say("FCPublish", 3, null, name),
      say("createStream", 4, null),
      say("publish", 5, null, name, "live"),
    );
  }

  /** Commands it was answered, after the handshake. */
  answers(): AmfValue[][] {
    const reader = new ChunkReader({
      maxMessageBytes: 1 << 20,
      maxStreams: 8,
      maxHeldBytes: 1 << 20,
    });
    for (const bytes of this.sent.slice(1)) reader.push(bytes);
    const commands: AmfValue[][] = [];
    for (let m = reader.pull(); m !== undefined; m = reader.pull())
      if (m.type === RtmpType.commandAmf0) commands.push(readAmf0(m.payload.toBytes()));
    return commands;
  }
}

suite("RtmpPeer", () => {
  test("shakes hands: its version, its own bytes, and the client's back", () => {
    const encoder = new Encoder().shake();
    const [hello = new Uint8Array()] = encoder.sent;
    assert.equal(hello.length, 1 + 2 * 1536);
    assert.deepEqual([hello[0], hello[1], hello[9], hello[1 + 1536]], [3, 0, 7, 1]);
  });

  test("answers the commands of an encoder, and says what it wants to publish", () => {
    const encoder = new Encoder().shake();
    assert.deepEqual(encoder.publish("cam?key=K"), [
      { kind: "publish", app: "live", name: "cam?key=K" },
    ]);
    encoder.peer.accept();
    const answers = encoder.answers();
    assert.deepEqual(
      answers.map(([verb, transaction]) => [verb, transaction]),
      [
        ...[
          ["_result", 1],
          ["_result", 2],
          ["_result", 3],
          ["_result", 4],
        ],
        ["onStatus", 0],
      ],
    );
    const last = answers.at(-1)?.[3] as { code: string };
    assert.equal(last.code, "NetStream.Publish.Start");
  });

  test("gives media after the publish, and its end", () => {
    const encoder = new Encoder().shake();
    encoder.publish();
    encoder.peer.accept();
    const events = encoder.events(
      message(RtmpType.audio, Uint8Array.of(0xaf, 1, 5), { time: 40 }),
      message(RtmpType.dataAmf0, amf0(["@setDataFrame", "onMetaData", { videocodecid: 99 }])),
      message(RtmpType.video, Uint8Array.of(0x17, 1, 0, 0, 0, 9), { time: 41 }),
      say("FCUnpublish", 6, null, "cam"),
    );
    assert.deepEqual(
      events.map((e) => [e.kind, "message" in e ? e.message.timestamp : undefined]),
      [
        ["audio", 40],
        ["video", 41],
        ["end", undefined],
      ],
    );
  });

  test("refuses a message of megabytes before publish, and takes it after", () => {
    const claim = message(RtmpType.video, new Uint8Array(100), { length: 16_000_000 });
    assert.throws(() => new Encoder().shake().events(claim), { code: "rtmp.too-large" });
    const encoder = new Encoder().shake();
    encoder.publish();
    encoder.peer.accept();
    assert.deepEqual(encoder.events(claim), []);
    assert.ok(encoder.peer.heldBytes < 20_000, "what is claimed costs nothing");
  });

  test("media before publish, a second connect, a player, and another version are faults", () => {
    const media = message(RtmpType.video, Uint8Array.of(0x17, 0, 0, 0, 0));
    assert.throws(() => new Encoder().shake().events(media), { code: "rtmp.bad-command" });
    const connect = say("connect", 1, { app: "live" });
    assert.throws(() => new Encoder().shake().events(connect, connect), {
      code: "rtmp.bad-command",
    });
    const play = say("play", 4, null, "cam");
    assert.throws(() => new Encoder().shake().events(play), { code: "rtmp.bad-command" });
    assert.throws(() => new Encoder().events(new Uint8Array(1537).fill(71)), {
      code: "rtmp.bad-chunk",
    });
  });

  test("answers pings, and acknowledges what it has received", () => {
    const encoder = new Encoder().shake();
    encoder.publish();
    encoder.peer.accept();
    encoder.sent.length = 0;
    const ping = message(RtmpType.userControl, Buffer.of(0, 6, 0, 0, 1, 2));
    const window = message(RtmpType.windowAckSize, Buffer.of(0, 1, 0, 0));
    const frame = message(RtmpType.audio, new Uint8Array(60_000).fill(0xaf));
    encoder.events(ping, window, frame, frame);
    const types = encoder.sent.map((bytes) => bytes[7]);
    assert.deepEqual(types, [RtmpType.userControl, RtmpType.acknowledgement]);
  });
});
