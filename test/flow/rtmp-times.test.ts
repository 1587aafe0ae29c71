/** RTMP pushes of hand-made messages whose clock is about to wrap: the archive's times are unbroken. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { aacConfig, avcConfig, cameraMessages } from "../support/flv-messages.ts";
import { RtmpEncoder } from "../support/rtmp-encoder.ts";
import { startTestServer } from "../support/server.ts";

const LENGTH_MS = 6000;

const WRAPS = [
  ["24 bits, with extended timestamps", 2 ** 24, 2 ** 32],
  ["24 bits, without", 2 ** 24, 2 ** 24],
  ["24 hours", 86_400_000, 2 ** 32],
  ["31 bits, 24.8 days", 2 ** 31, 2 ** 32],
  ["32 bits, 49.7 days", 2 ** 32, 2 ** 32],
] as const;

suite("RTMP whose clock wraps", () => {
  for (const [name, at, wrap] of WRAPS)
    test(`${name}: every frame is archived at its time`, async () => {
      await using server = await startTestServer({ createMissing: true });
      const encoder = await RtmpEncoder.publish({ port: server.rtmpPort ?? 0, name: "cam" });
      const from = at - LENGTH_MS / 2;
      await encoder.send("video", from, avcConfig());
      await encoder.send("audio", from, aacConfig());
      const sent = cameraMessages(LENGTH_MS);
      for (const { kind, ms, payload } of sent)
        await encoder.send(kind, (from + ms) % wrap, payload);
      await encoder.end();
      while (server.parts.ingest.sessions > 0) await new Promise((done) => setImmediate(done));
      const range = "from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
      const clip = await fetch(`${server.url}/v1/streams/cam/clip.mkv?${range}`);
      const frames = oracleFrames(new Uint8Array(await clip.arrayBuffer()));
      for (const [track, kind] of [
        [1, "video"],
        [2, "audio"],
      ] as const)
        assert.deepEqual(
          frames.filter((f) => f.track === track).map(({ timeMs }) => timeMs),
          sent.filter((f) => f.kind === kind).map(({ ms }) => ms),
          kind,
        );
      const answer = await fetch(`${server.url}/v1/streams/cam/fragments`);
      const { fragments } = (await answer.json()) as { fragments: { producerMs: number }[] };
      const starts = fragments.map(({ producerMs }) => producerMs).sort((a, b) => a - b);
      assert.equal(starts.length, 3);
      // Each begins with a key frame, or with the sound that came after that and is from before it.
      for (const [i, ms] of starts.entries())
        assert.ok(Math.abs(ms - (starts[0] ?? 0) - i * 2000) < 100, `${starts}`);
    });
});
