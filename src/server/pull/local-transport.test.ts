import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { turns } from "../../../test/support/fake-ffmpeg.ts";
import { cat, inCluster, liveFile, simple, unknown } from "../../../test/support/mkv-build.ts";
import { Fault } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import { millis } from "../../base/units.ts";
import type { Recording, SealedFragment, StoredFragment } from "../../fragment/fragment.ts";
import { Ingest } from "../../ingest/ingest.ts";
import { LocalTransport } from "./local-transport.ts";

/** A stream whose recording decides when the test says so, and holds back when the test says so. */
function setUp({ isThere = true } = {}) {
  const clock = new FakeClock();
  const undecided: (() => void)[] = [];
  const state = { pendingBytes: 0, there: isThere, taken: 0, open: 0 };
  let sequence = 0;
  const recording: Recording = {
    persists: true,
    get pendingBytes() {
      return state.pendingBytes;
    },
    nextNumber: () => ({ sequence: ++sequence, receivedMs: clock.now(), salt: 1 }),
    append: (fragment: SealedFragment) => {
      state.taken++;
      return new Promise((resolve) =>
        undecided.push(() => resolve({ info: fragment.info } as StoredFragment)),
      );
    },
    close: async () => {
      state.open--;
    },
  };
  const info = {
    name: "cam",
    createdMs: millis(0),
    retentionHours: 24,
    retentionBytes: 0,
    version: "1",
  };
  const catalogue = {
    get: async () => {
      if (!state.there) throw new Fault("stream.not-found", "there is no stream cam");
      return info;
    },
    create: async () => {
      state.there = true;
      return info;
    },
    list: async () => [info],
    delete: async () => {},
  };
  const sink = {
    open: async () => {
      state.open++;
      return recording;
    },
  };
  const live = { open: () => ({ tracks() {}, fragment() {}, frame() {}, close() {} }) };
  const ingest = new Ingest({ sink, live, clock, log: silentLogger });
  const transport = new LocalTransport("cam", { ingest, catalogue, defaultRetentionHours: 24 });
  const heard: string[] = [];
  const connect = (onText = () => {}) =>
    transport.connect("in-process:", {
      opened: () => heard.push("opened"),
      text(piece) {
        for (const line of piece.trim().split("\n"))
          heard.push((JSON.parse(line) as { EventType: string }).EventType);
        onText();
      },
      closed: (reason) => heard.push(`closed: ${reason}`),
    });
  const store = () => {
    for (const decide of undecided.splice(0)) decide();
  };
  return { clock, state, ingest, transport, heard, connect, store };
}

/** Two fragments: the second one begins and so ends the first. */
const MEDIA = liveFile(inCluster(1000, simple(1, 0)), inCluster(2000, simple(1, 0)));

/** One more of it. */
const cluster = (ticks: number) => cat(unknown("1f43b675"), inCluster(ticks, simple(1, 0)));

suite("LocalTransport", () => {
  test("opens later, makes the stream, and gives the acks of what was sent", async () => {
    const { state, heard, connect, store, transport, ingest } = setUp({ isThere: false });
    const link = connect();
    assert.deepEqual(heard, []);
    await turns();
    assert.deepEqual(heard, ["opened"]);
    assert.equal(state.there, true);
    link.send(MEDIA);
    assert.deepEqual(heard, ["opened"], "never from inside send");
    await turns();
    assert.deepEqual(heard, ["opened", "BUFFERING", "RECEIVED", "BUFFERING"]);
    store();
    await turns();
    assert.equal(heard.at(-1), "PERSISTED");
    link.close();
    store();
    await transport.settled();
    assert.deepEqual([ingest.sessions, state.open], [0, 0]);
    assert.doesNotMatch(heard.join(), /closed/, "who closes is not told");
  });

  test("holds back while the archive is behind, and goes on in order", async () => {
    const { state, heard, connect, store } = setUp();
    const link = connect();
    await turns();
    state.pendingBytes = 100 << 20;
    link.send(MEDIA);
    assert.equal(link.bufferedBytes, 0, "there is no way back for these");
    const more = cluster(3000);
    link.send(more.subarray(0, 5));
    link.send(more.subarray(5));
    assert.equal(link.bufferedBytes, more.length);
    await turns();
    assert.equal(state.taken, 1);
    state.pendingBytes = 0;
    store();
    await turns();
    assert.equal(link.bufferedBytes, 0);
    assert.equal(state.taken, 2);
    assert.ok(!heard.includes("ERROR"), heard.join());
    link.close();
  });

  test("a producer that sends from inside an ack is taken", async () => {
    const { state, heard, connect } = setUp();
    let sent = false;
    const link = connect(() => {
      if (sent) return;
      sent = true;
      link.send(cluster(3000));
    });
    await turns();
    link.send(MEDIA);
    await turns();
    assert.equal(state.taken, 2);
    assert.ok(!heard.includes("ERROR"), heard.join());
  });

  test("the server that stops says so once, and hears nothing more", async () => {
    const { ingest, heard, connect, transport } = setUp();
    const link = connect();
    await turns();
    await ingest.close();
    await turns();
    assert.deepEqual(heard, ["opened", "ERROR", "closed: the server is stopping"]);
    link.send(MEDIA);
    link.close();
    connect();
    await transport.settled();
    await turns();
    assert.deepEqual(heard.slice(3), ["closed: the server is stopping"]);
  });

  test("closed before it was open, it leaves nothing", async () => {
    const { state, ingest, heard, connect, transport } = setUp();
    connect().close();
    await transport.settled();
    assert.deepEqual([heard, ingest.sessions, state.open], [[], 0, 0]);
  });
});
