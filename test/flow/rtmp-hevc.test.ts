/** Real HEVC over RTMP, which the encoders at hand do not send: x265's frames in messages made by hand. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { readRecording } from "../../producer-sdk/src/file-source.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { int24 } from "../support/flv-messages.ts";
import { makeMedia } from "../support/media.ts";
import { RtmpEncoder } from "../support/rtmp-encoder.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const HVC1 = Buffer.from("hvc1");

/** Heads of a configuration and of a frame; `offset` is presentation less decode time, ms. */
const ways = {
  "enhanced RTMP": {
    config: Buffer.concat([Buffer.of(0x90), HVC1]),
    // Packet 3 has no offset, packet 1 has one, below 0 for many B-frames here.
    frame: (key: boolean, offset: number) =>
      Buffer.concat([
        Buffer.of(0x80 | (key ? 0x10 : 0x20) | (offset === 0 ? 3 : 1)),
        HVC1,
        Buffer.from(offset === 0 ? [] : int24(offset)),
      ]),
    delayMs: 0,
  },
  "FLV codec 12": {
    config: Buffer.of(0x1c, 0, 0, 0, 0),
    frame: (key: boolean, offset: number) => Buffer.of(key ? 0x1c : 0x2c, 1, ...int24(offset)),
    delayMs: 400,
  },
} as const;

suite("HEVC over RTMP", needs("ffmpeg"), () => {
  for (const [name, { config, frame, delayMs }] of Object.entries(ways))
    test(`${name}: every payload and every time comes back`, async () => {
      await using server = await startTestServer({ createMissing: true });
      const source = readFileSync(await makeMedia("hevc"));
      const { tracks, frames } = readRecording(source);
      const encoder = await RtmpEncoder.publish({ port: server.rtmpPort ?? 0, name: "cam" });
      const hvcc = tracks[0]?.codecPrivate ?? assert.fail("no hvcC");
      await encoder.send("video", 0, Buffer.concat([config, hvcc]));
      const shown = frames.map(({ timeUs }) => timeUs / 1000).sort((a, b) => a - b);
      const offsets = new Set<number>();
      for (const [i, { timeUs, key, payload }] of frames.entries()) {
        // Decoded in the order of the file, at the times of the pictures.
        const offset = timeUs / 1000 - (shown[i] ?? 0) + delayMs;
        offsets.add(Math.sign(offset));
        const message = Buffer.concat([frame(key, offset), payload.toBytes()]);
        await encoder.send("video", shown[i] ?? 0, message);
      }
      assert.deepEqual([...offsets].sort(), delayMs === 0 ? [-1, 0, 1] : [1]);
      await encoder.end();
      while (server.parts.ingest.sessions > 0) await new Promise((done) => setImmediate(done));
      const range = "from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
      const clip = await fetch(`${server.url}/v1/streams/cam/clip.mkv?${range}`);
      assert.deepEqual(
        oracleFrames(new Uint8Array(await clip.arrayBuffer())),
        oracleFrames(source),
      );
      const view = await fetch(`${server.url}/v1/streams/cam`);
      const [track] = ((await view.json()) as { tracks: { codec: string; width: number }[] })
        .tracks;
      assert.deepEqual([track?.codec, track?.width], ["V_MPEGH/ISO/HEVC", 320]);
    });
});
