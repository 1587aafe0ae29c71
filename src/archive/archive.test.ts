import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { allFragments, assertSame, openArchive } from "../../test/support/archives.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { aFragment, aTrackSet, START_MS } from "../../test/support/fragments.ts";
import { run } from "../../test/support/run.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { needs } from "../../test/support/tools.ts";
import type { Recording, SealedFragment } from "../fragment/fragment.ts";

/** Appends `count` fragments one after another, 2 s each. */
async function record(
  recording: Recording,
  count: number,
  over: Partial<Parameters<typeof aFragment>[0]> = {},
): Promise<SealedFragment[]> {
  const sent: SealedFragment[] = [];
  for (let i = 0; i < count; i++) {
    const number = recording.nextNumber();
    const startMs = over.startMs ?? START_MS + number.sequence * 2000;
    const fragment = aFragment({ number, ...over, startMs });
    sent.push(fragment);
    await recording.append(fragment);
  }
  return sent;
}

suite("Archive", () => {
  test("gives back every appended fragment, before and after its pack is sealed and after a restart", async () => {
    using dir = tempDir("archive");
    let archive = await openArchive(dir.path);
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    const sent = await record(recording, 5);
    const check = async () => {
      const stored = await allFragments(archive, "cam");
      assert.equal(stored.length, sent.length);
      for (const [i, one] of stored.entries())
        await assertSame(archive, one, sent[i] ?? assert.fail("more than was sent"));
    };
    await check();
    await recording.close();
    await archive.close();
    assert.deepEqual(readdirSync(join(dir.path, "active")), []);
    archive = await openArchive(dir.path);
    await check();
    await archive.close();
  });

  test("continues the sequence after a restart and keeps it rising over two recordings", async () => {
    using dir = tempDir("archive");
    let archive = await openArchive(dir.path);
    await archive.create({ name: "cam", retentionHours: 24 });
    const one = await archive.open({ stream: "cam", session: "a" });
    const two = await archive.open({ stream: "cam", session: "b" });
    const numbers = [one, two, one, two].map((r) => r.nextNumber().sequence);
    assert.deepEqual(numbers, [1, 2, 3, 4]);
    await record(one, 1);
    await archive.close();
    archive = await openArchive(dir.path);
    const after = await archive.open({ stream: "cam", session: "c" });
    assert.equal(after.nextNumber().sequence, 6);
    await archive.close();
  });

  test("puts fragments that wait together into one pack and one commit", async () => {
    using dir = tempDir("archive");
    const commits: number[] = [];
    const archive = await openArchive(dir.path, {
      wrapIndex: (index) =>
        new Proxy(index, {
          get(target, name) {
            const value = Reflect.get(target, name);
            if (typeof value !== "function") return value;
            return (...args: readonly unknown[]) => {
              if (name === "commit") commits.push((args[0] as unknown[]).length);
              return value.apply(target, args);
            };
          },
        }),
    });
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    const waiting = Array.from({ length: 50 }, () => {
      const number = recording.nextNumber();
      return recording.append(aFragment({ number, startMs: START_MS + number.sequence * 2000 }));
    });
    assert.ok(recording.pendingBytes > 0);
    await Promise.all(waiting);
    assert.equal(recording.pendingBytes, 0);
    assert.ok(commits.length <= 3, `${commits.length} commits for 50 fragments`);
    assert.equal((await allFragments(archive, "cam")).length, 50);
    await archive.close();
  });

  test("starts another pack for another track set, and for a jump in producer time", async () => {
    using dir = tempDir("archive");
    const archive = await openArchive(dir.path);
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    await record(recording, 2);
    await record(recording, 1, { trackSet: aTrackSet({ width: 128 }) });
    await record(recording, 1, { startMs: START_MS + 3_600_000 });
    await record(recording, 1, { startMs: START_MS - 3_600_000 });
    const packs = new Set((await allFragments(archive, "cam")).map((f) => f.packId));
    assert.equal(packs.size, 4);
    await archive.close();
  });

  test("seals a pack by its age and by the grace time after the last producer left", async () => {
    using dir = tempDir("archive");
    const clock = new FakeClock(START_MS);
    const archive = await openArchive(dir.path, { clock });
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    await record(recording, 1);
    clock.advance(60_001);
    await record(recording, 1);
    await recording.close();
    clock.advance(10_001);
    await archive.close();
    assert.deepEqual(readdirSync(join(dir.path, "active")), []);
    const again = await openArchive(dir.path);
    const packs = new Set((await allFragments(again, "cam")).map((f) => f.packId));
    assert.equal(packs.size, 2);
    await again.close();
  });

  test("finds packs by producer time, server time and sequence, a page at a time", async () => {
    using dir = tempDir("archive");
    const clock = new FakeClock(START_MS);
    const archive = await openArchive(dir.path, { clock, limits: { maxBytes: 1 } });
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    for (let i = 0; i < 150; i++) {
      clock.advance(2000);
      await record(recording, 1);
    }
    const count = async (selection: Parameters<Archive["packs"]>[1]) => {
      const sizes: number[] = [];
      for await (const page of archive.packs("cam", selection)) sizes.push(page.length);
      return sizes;
    };
    const range = (from: number, to: number) =>
      ({ fromMs: START_MS + from, toMs: START_MS + to }) as never;
    assert.deepEqual(await count({ by: "sequence", after: 0 }), [128, 22]);
    assert.deepEqual(await count({ by: "sequence", after: 149 }), [1]);
    const producer = (from: number, to: number) =>
      count({ by: "time", clock: "producer", range: range(from, to) });
    // Fragment n covers [2000 n, 2000 n + 2000).
    assert.deepEqual(await producer(2000, 2001), [1]);
    assert.deepEqual(await producer(3999, 4000), [1]);
    assert.deepEqual(await producer(3999, 4001), [2]);
    assert.deepEqual(await producer(0, 2000), []);
    const server = await count({ by: "time", clock: "server", range: range(0, 400_000) });
    assert.equal(
      server.reduce((a, b) => a + b, 0),
      150,
    );
    const extent = await archive.extent("cam");
    assert.equal(extent?.producedStartUs, (START_MS + 2000) * 1000);
    assert.equal(extent?.producedEndUs, (START_MS + 302_000) * 1000);
    await archive.close();
  });

  test("deletes a stream with its packs, refuses while it is recorded, and lets the name be used again", async () => {
    using dir = tempDir("archive");
    const archive = await openArchive(dir.path);
    await archive.create({ name: "cam", retentionHours: 24 });
    await archive.create({ name: "other", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    const other = await archive.open({ stream: "other", session: "s" });
    await record(recording, 2);
    const kept = await record(other, 1);
    await assert.rejects(archive.delete("cam"), { code: "ingest.busy" });
    await recording.close();
    await archive.delete("cam");
    await assert.rejects(archive.get("cam"), { code: "stream.not-found" });
    const files = readdirSync(join(dir.path, "packs"), { recursive: true }).map(String);
    assert.ok(!files.some((f) => f.startsWith("cam") && f.endsWith(".mkv")), files.join());
    await archive.create({ name: "cam", retentionHours: 1 });
    assert.deepEqual(await allFragments(archive, "cam"), []);
    const [still] = await allFragments(archive, "other");
    await assertSame(archive, still ?? assert.fail("gone"), kept[0] ?? assert.fail("gone"));
    await archive.close();
  });

  test("has the key of a deleted stream erased, and deletes it also when that fails", async () => {
    using dir = tempDir("archive");
    const erased: string[] = [];
    const archive = await openArchive(dir.path, {
      eraseKey: async (stream) => {
        erased.push(stream);
        if (stream === "b") throw new Error("the store is away");
      },
    });
    for (const name of ["a", "b"]) {
      await archive.create({ name, retentionHours: 24 });
      await archive.delete(name);
    }
    assert.deepEqual(erased, ["a", "b"]);
    assert.deepEqual(await archive.list(), []);
    await archive.close();
  });

  test("refuses names outside the rule, taken names and impossible retention", async () => {
    using dir = tempDir("archive");
    const archive = await openArchive(dir.path);
    const make = (name: string, retentionHours = 24) => archive.create({ name, retentionHours });
    for (const name of ["", "a b", "../x", "..", ".", "x".repeat(257), "ä"])
      await assert.rejects(make(name), { code: "stream.bad-name" }, name);
    await make("cam");
    await assert.rejects(make("cam"), { code: "stream.exists" });
    for (const hours of [-1, 87_601, 1.5])
      await assert.rejects(make("b", hours), { code: "request.bad" });
    await archive.close();
  });

  test("a second archive on the folder is refused while the first is open", async () => {
    using dir = tempDir("archive");
    const archive = await openArchive(dir.path);
    await assert.rejects(openArchive(dir.path), { code: "store.locked" });
    await archive.close();
    await (await openArchive(dir.path)).close();
  });
});

suite("a sealed pack", needs("ffmpeg", "mkvtoolnix"), () => {
  test("is Matroska that mkvinfo and mkvmerge read without a complaint and that seeks by its Cues", async () => {
    using dir = tempDir("archive");
    const archive = await openArchive(dir.path);
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    await record(recording, 3);
    await archive.close();
    const files = readdirSync(join(dir.path, "packs"), { recursive: true }).map(String);
    const path = join(dir.path, "packs", files.find((f) => f.endsWith(".mkv")) ?? "");
    const info = await run("mkvinfo", ["-a", path]);
    for (const part of ["Seek head", "Cues", "Cluster"])
      assert.match(info.stdout, new RegExp(part));
    assert.doesNotMatch(info.stdout + info.stderr, /error|warning|unknown element/i);
    const identify = await run("mkvmerge", ["-J", path]);
    const found = JSON.parse(identify.stdout) as { warnings: string[]; errors: string[] };
    assert.deepEqual([found.warnings, found.errors], [[], []]);
    const probe = await run("ffprobe", ["-v", "fatal", "-show_format", "-of", "json", path]);
    assert.equal(Number(JSON.parse(probe.stdout).format.duration), 6);
  });
});

type Archive = Awaited<ReturnType<typeof openArchive>>;
