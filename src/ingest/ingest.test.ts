import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { FakeSink, noViewers } from "../../test/support/fake-sink.ts";
import { silentLogger } from "../base/logger.ts";
import { Ingest } from "./ingest.ts";

test("a producer whose recording is being opened while the server stops is refused, and nothing stays open", async () => {
  const sink = new FakeSink();
  let goOn = () => {};
  const slow = {
    open: async () => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return sink.record();
    },
  };
  const parts = { clock: new FakeClock(), log: silentLogger, live: noViewers };
  const ingest = new Ingest({ sink: slow, ...parts });
  const transport = { send() {}, pause() {}, resume() {}, finished() {} };
  const producer = { protocol: "put-media", identity: "a" } as const;
  const opening = ingest.open({ stream: "cam", startNs: 0n, transport, producer });
  await ingest.close();
  goOn();
  await assert.rejects(opening, { code: "server.closing" });
  assert.deepEqual([ingest.sessions, sink.recordings], [0, 0]);
});
