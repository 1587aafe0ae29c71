import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import {
  ascii,
  cat,
  el,
  inCluster,
  liveFile,
  simple,
  sizedFile,
} from "../../test/support/mkv-build.ts";
import { silentLogger } from "../base/logger.ts";
import type { Recording, SealedFragment, StoredFragment } from "../fragment/fragment.ts";
import { END_OF_FRAGMENT_TAG } from "../media/mkv/live-writer.ts";
import { type Ack, ackLine } from "./ack.ts";
import { IngestSession } from "./session.ts";

/** A session whose recording decides when the test says so. */
function setUp() {
  const clock = new FakeClock();
  const acks: string[] = [];
  const taken: SealedFragment[] = [];
  const undecided: (() => void)[] = [];
  let sequence = 0;
  const recording: Recording = {
    persists: true,
    pendingBytes: 0,
    nextNumber: () => ({ sequence: ++sequence, receivedMs: clock.now(), salt: 1 }),
    append: (fragment) => {
      taken.push(fragment);
      return new Promise((resolve) =>
        undecided.push(() => resolve({ info: fragment.info } as StoredFragment)),
      );
    },
    failed() {},
    close: async () => {},
  };
  const session = new IngestSession({
    ...{ stream: "cam", id: "s", startNs: 0n, recording, clock, log: silentLogger },
    live: { tracks() {}, fragment() {}, frame() {}, close() {} },
    transport: {
      send: (ack: Ack) => acks.push(told(ack)),
      pause() {},
      resume() {},
      finished() {},
    },
  });
  const store = async () => {
    for (const decide of undecided.splice(0)) decide();
    await Promise.resolve();
  };
  const frames = () => taken.map(({ info }) => info.totals[0]?.frames);
  return { clock, session, acks, frames, store };
}

function told(ack: Ack): string {
  const { EventType, FragmentTimecode = "" } = JSON.parse(ackLine(ack)) as Record<string, unknown>;
  return `${EventType} ${FragmentTimecode}`;
}

/** A live file whose Cluster at time 0 has a key frame, no size, and may go on. */
const BEGUN = liveFile(inCluster(0, simple(1, 0)));
const END = el(
  "1254c367",
  el("7373", el("67c8", cat(el("45a3", ascii(END_OF_FRAGMENT_TAG)), el("4487", [])))),
);
const delta = (time: number) => simple(1, time, "03", 0);

suite("a producer that falls silent in the middle of a Cluster", () => {
  test("what there is of it is stored, but not acked: the name stands for the whole", async () => {
    const { clock, session, acks, frames, store } = setUp();
    session.push(BEGUN);
    clock.advance(1500);
    assert.deepEqual(frames(), [1]);
    await store();
    assert.deepEqual(acks, ["BUFFERING 0"]);
  });

  test("the Cluster's end is what the acks waited for", async () => {
    const { clock, session, acks, store } = setUp();
    session.push(BEGUN);
    clock.advance(1500);
    await store();
    session.push(END);
    assert.deepEqual(acks, ["BUFFERING 0", "RECEIVED 0", "PERSISTED 0"]);
  });

  test("an end before the store has decided: PERSISTED comes when it has", async () => {
    const { clock, session, acks, store } = setUp();
    session.push(BEGUN);
    clock.advance(1500);
    session.push(END);
    assert.deepEqual(acks, ["BUFFERING 0", "RECEIVED 0"]);
    await store();
    assert.deepEqual(acks.at(-1), "PERSISTED 0");
  });

  test("when it goes on, the rest is a fragment of its own and the name is acked once, with it", async () => {
    const { clock, session, acks, frames, store } = setUp();
    session.push(BEGUN);
    clock.advance(1500);
    await store();
    session.push(delta(40));
    session.push(delta(80));
    session.push(END);
    assert.deepEqual(frames(), [1, 2]);
    assert.deepEqual(acks, ["BUFFERING 0", "RECEIVED 0"]);
    await store();
    assert.deepEqual(acks, ["BUFFERING 0", "RECEIVED 0", "PERSISTED 0"]);
  });

  test("a Cluster that was over is acked when it is sealed", async () => {
    const { clock, session, acks, store } = setUp();
    session.push(sizedFile(inCluster(0, simple(1, 0))));
    clock.advance(1500);
    await store();
    assert.deepEqual(acks, ["BUFFERING 0", "RECEIVED 0", "PERSISTED 0"]);
  });
});
