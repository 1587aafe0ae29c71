/**
 * Retention takes a pack whose list somebody has and whose bytes are being read: GetMedia, the tail and segments read on to the
 * end of it. Without leases the same readers lose what they had begun, which is how it is known that this test looks.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { leasedReader } from "../../src/archive/retention/leased-reader.ts";
import { LEASE_CAP_MS } from "../../src/archive/retention/leases.ts";
import { Retention } from "../../src/archive/retention/retention.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { FragmentReader } from "../../src/fragment/fragment.ts";
import { LiveHub } from "../../src/live/hub.ts";
import { getMedia } from "../../src/play/kvs-media/get-media.ts";
import { fragmentsAfter } from "../../src/play/tail/archive-walk.ts";
import { openArchive, openDirectIndex } from "../support/archives.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { MemoryClockState } from "../support/retention.ts";
import { startTestServer } from "../support/server.ts";
import { tempDir } from "../support/temp-dir.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const COUNT = 10;

/** An archive with one pack of ten fragments, which is 59 minutes old and may stay for an hour. */
async function rig(dataDir: string) {
  const clock = new FakeClock(START_MS);
  const space = { minFreeBytes: 0, headroomMs: 0 };
  const options = { clock, space, openIndex: openDirectIndex, reserveBytes: 0 };
  const archive = await openArchive(dataDir, options);
  await archive.create({ name: "cam", retentionHours: 1 });
  const recording = await archive.open({ stream: "cam", session: "s" });
  for (let i = 0; i < COUNT; i++) {
    const number = recording.nextNumber();
    await recording.append(aFragment({ number, startMs: START_MS + i * 2000 }));
  }
  await recording.close();
  await archive.dropStream("cam");
  await archive.settled();
  clock.advance(HOUR - MINUTE);
  const retention = await Retention.open({
    ...{ index: archive.index, store: archive.store, clock, log: silentLogger },
    clockState: new MemoryClockState(),
    local: { remove: (packIds) => archive.forget(packIds) },
  });
  /** Its hour is over: the row goes, and what may go of the object behind the grace time. */
  const expire = async () => {
    clock.advance(2 * MINUTE);
    await retention.sweeper.sweepNow();
    assert.equal(await archive.extent("cam"), undefined);
    clock.advance(2 * MINUTE);
    await retention.sweeper.sweepNow();
  };
  const objects = async () => {
    let count = 0;
    for await (const page of archive.store.list("")) count += page.length;
    return count;
  };
  const close = async () => {
    await retention.stop();
    await archive.close();
  };
  return { archive, clock, retention, expire, objects, [Symbol.asyncDispose]: close };
}

type Rig = Awaited<ReturnType<typeof rig>>;

/** Reads one fragment, lets the pack expire, and reads on. How many fragments came. */
type Reader = (rig: Rig, reader: FragmentReader) => Promise<number>;

const readers: Readonly<Record<string, Reader>> = {
  async GetMedia({ expire }, reader) {
    const stop = new AbortController();
    // Of its own: a timer on it says that the end of the archive has been reached.
    const clock = new FakeClock(START_MS + HOUR);
    const hub = new LiveHub({ clock });
    const options = { reader, hub, clock, stream: "cam", persists: true, signal: stop.signal };
    const body = getMedia({ ...options, start: { at: "earliest" } });
    let documents = 0;
    const reading = (async () => {
      for await (const piece of body) {
        if (beginsDocument(piece) && ++documents === 1) await expire();
      }
    })();
    while (clock.pendingTimers === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    stop.abort();
    await reading;
    return documents;
  },
  async tail({ expire }, reader) {
    const signal = new AbortController().signal;
    let count = 0;
    for await (const { packId, offset, size } of fragmentsAfter(0, {
      reader,
      stream: "cam",
      signal,
    })) {
      if (count === 1) await expire();
      const bytes = await reader.read(packId, offset, size).catch(() => undefined);
      if (bytes !== undefined) count++;
    }
    return count;
  },
};

/** Every fragment is a small Matroska file of its own. */
function beginsDocument(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString("hex") === "1a45dfa3";
}

suite("retention under an open reader", () => {
  for (const [name, read] of Object.entries(readers)) {
    test(`${name} reads its pack to the end, and then it goes`, async () => {
      using dir = tempDir("open-reader");
      await using made = await rig(dir.path);
      const { archive, retention, clock, objects } = made;
      assert.equal(await read(made, leasedReader(archive, retention.leases)), COUNT);
      assert.equal(await objects(), 1);
      clock.advance(LEASE_CAP_MS);
      await retention.sweeper.sweepNow();
      assert.equal(await objects(), 0);
    });

    test(`${name} without leases loses the rest`, async () => {
      using dir = tempDir("open-reader");
      await using made = await rig(dir.path);
      assert.equal(await read(made, made.archive), 1);
    });
  }

  test("the readers of a server have leases", async () => {
    await using server = await startTestServer();
    const { reader, retention } = server.parts;
    await assert.rejects(reader.fragments("cam", "cam/2026/01/01/1-1"));
    assert.equal(retention.leases.has("cam/2026/01/01/1-1"), true);
  });
});
