/**
 * The key of a deleted stream is erased, whatever fails on the way: every step once having done nothing and once having done
 * its work without saying so, and the process may die in between. What is recorded under the same name afterwards is never
 * encrypted with a key that goes.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Archive, ArchiveOptions } from "../../src/archive/archive.ts";
import { nodeFiles } from "../../src/archive/files.ts";
import { ERASE_KEY } from "../../src/archive/index/index-records.ts";
import { EncryptedStore } from "../../src/archive/store/encrypted-store.ts";
import { keyObject } from "../../src/archive/store/stream-keys.ts";
import { allFragments, assertSame, openArchive, openDirectIndex } from "../support/archives.ts";
import { failing, type Plan } from "../support/failing.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FarStore } from "../support/far-store.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { tempDir } from "../support/temp-dir.ts";

const masterKey = Buffer.alloc(32, 7);

async function open(dir: string, far: FarStore, over: Partial<ArchiveOptions> = {}) {
  const store = await EncryptedStore.open({
    ...{ inner: far, masterKey, tempDir: join(dir, "encrypting"), files: nodeFiles },
  });
  return openArchive(dir, {
    ...{ store, openIndex: openDirectIndex, reserveBytes: 0 },
    eraseKey: (stream) => store.eraseKey(stream),
    ...over,
  });
}

async function record(archive: Archive) {
  await archive.create({ name: "cam", retentionHours: 24 });
  const recording = await archive.open({ stream: "cam", session: "s" });
  const fragment = aFragment({ number: recording.nextNumber(), startMs: START_MS });
  await recording.append(fragment);
  await recording.close();
  await archive.dropStream("cam");
  await archive.settled();
  return fragment;
}

suite("the key of a deleted stream", () => {
  for (const effect of ["lost", "done"] as const)
    test(`is erased after a failure at any step (${effect}) and a restart, and nothing newer with it`, async () => {
      let steps = 0;
      for (let failAt = 1; ; failAt++) {
        using dir = tempDir("erase-key");
        const far = new FarStore();
        const clock = new FakeClock(START_MS);
        const plan: Plan = {
          calls: 0,
          failAt: Number.POSITIVE_INFINITY,
          effect,
          persistent: false,
        };
        const calls = { ...plan, failAt };
        let armed: Plan = plan;
        const live = new Proxy(plan, {
          get: (_, name) => Reflect.get(armed, name),
          set: (_, name, value) => Reflect.set(armed, name, value),
        });
        const troubled = failing(far, live, new Set(["delete"]));
        const index = new Set(["deleteStream", "putRecord", "deleteRecord", "records"]);
        const first = await open(dir.path, troubled, {
          clock,
          wrapIndex: (of) => failing(of, live, index),
        });
        await record(first);
        assert.ok(far.objects.has(keyObject("cam")));
        armed = calls;
        const deleted = await first.delete("cam").then(
          () => true,
          () => false,
        );
        armed = { ...plan, failAt: 1, persistent: true };
        await first.close();
        const second = await open(dir.path, far, { clock });
        await second.settled();
        const there = (await second.index.stream("cam")) !== undefined;
        assert.equal(far.objects.has(keyObject("cam")), there, `call ${failAt}`);
        assert.deepEqual(await second.index.records(ERASE_KEY, "", 10), []);
        assert.ok(!(deleted && there), `call ${failAt}: said to be deleted`);
        if (!there) {
          const fragment = await record(second);
          await second.close();
          const third = await open(dir.path, far, { clock });
          const [stored] = await allFragments(third, "cam");
          await assertSame(third, stored ?? assert.fail("nothing is there"), fragment);
          await third.close();
        } else await second.close();
        if (calls.calls < failAt) break;
        steps++;
      }
      assert.ok(steps >= 5, `${steps} steps`);
    });

  test("is erased by itself when the store is back, and until then the name is not given again", async () => {
    using dir = tempDir("erase-key");
    const far = new FarStore();
    const clock = new FakeClock(START_MS);
    const archive = await open(dir.path, far, { clock });
    await record(archive);
    far.down = true;
    await archive.delete("cam").catch(() => {});
    const refused = archive.create({ name: "cam", retentionHours: 24 });
    await assert.rejects(refused, { code: "store.unavailable", message: /not erased yet/ });
    far.down = false;
    assert.ok(far.objects.has(keyObject("cam")));
    clock.advance(60_000);
    await archive.settled();
    assert.ok(!far.objects.has(keyObject("cam")));
    await record(archive);
    await archive.close();
  });

  test("is left alone by a process while another one is at it", async () => {
    using dir = tempDir("erase-key");
    const far = new FarStore();
    const archive = await open(dir.path, far);
    await record(archive);
    const now = await archive.index.now();
    const body = JSON.stringify({ by: "another", untilMs: now + 60_000 });
    await archive.index.putRecord({ kind: ERASE_KEY, id: "cam", body });
    await archive.close();
    const again = await open(dir.path, far);
    await again.settled();
    assert.ok(far.objects.has(keyObject("cam")));
    await again.close();
  });
});
