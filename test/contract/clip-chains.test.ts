/** A clip is the same whether its packs are found as a chain or looked at one by one, on the real index. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Archive } from "../../src/archive/archive.ts";
import { millis } from "../../src/base/units.ts";
import type { FragmentReader } from "../../src/fragment/fragment.ts";
import { type ClipFormat, type ClipPlan, planClip } from "../../src/play/clip/plan.ts";
import { openArchive, openDirectIndex } from "../support/archives.ts";
import { history, type Made, record, START_MS, walked } from "../support/made-history.ts";
import { random } from "../support/random.ts";
import { tempDir } from "../support/temp-dir.ts";

interface Asked {
  readonly fromMs: number;
  readonly toMs: number;
  readonly format: ClipFormat;
}

function plan(reader: FragmentReader, { fromMs, toMs, format }: Asked): Promise<ClipPlan | string> {
  const range = { fromMs: millis(START_MS + fromMs), toMs: millis(START_MS + toMs) };
  const clip = planClip({ reader, stream: "cam", range, clock: "producer", format });
  return clip.catch((error: { code: string }) => error.code);
}

async function bytesOf(clip: ClipPlan, start = 0, end = clip.size): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of clip.chunks({ start, end })) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function assertAlike(archive: Archive, asked: Asked, next: () => number): Promise<void> {
  const why = JSON.stringify(asked);
  const [a, b] = [await plan(archive, asked), await plan(walked(archive), asked)];
  if (typeof a === "string" || typeof b === "string") {
    assert.equal(a, b, why);
    return;
  }
  const facts = ({ chunks: _, ...rest }: ClipPlan) => rest;
  assert.deepEqual(facts(a), facts(b), why);
  assert.ok((await bytesOf(a)).equals(await bytesOf(b)), why);
  const start = Math.floor(next() * a.size);
  const end = start + Math.floor(next() * (a.size - start)) + 1;
  assert.ok((await bytesOf(a, start, end)).equals(await bytesOf(b, start, end)), `part of ${why}`);
}

suite("Chains of packs", () => {
  test("give the same clips, ETags and byte ranges as packs that are looked at one by one", async () => {
    let chains = 0;
    for (let seed = 1; seed <= 9; seed++) {
      using dir = tempDir("chains");
      const limits = { maxBytes: 500 + 100 * (seed % 5) };
      const archive = await openArchive(dir.path, { limits, openIndex: openDirectIndex });
      await record(archive, history({ seed, count: 250, troubles: seed % 3 === 0 ? 0 : 0.02 }));
      const next = random(seed * 77);
      const extent = await archive.extent("cam");
      const lastMs = Math.ceil((extent?.producedEndUs ?? 0) / 1000) - START_MS;
      for (let i = 0; i < 12; i++) {
        const fromMs = Math.floor(next() * lastMs) - 1000;
        const toMs = fromMs + 1 + Math.floor(next() * (lastMs - fromMs + 2000));
        const range = { fromMs: millis(START_MS + fromMs), toMs: millis(START_MS + toMs) };
        if ((await archive.chain("cam", range)) !== undefined) chains++;
        await assertAlike(archive, { fromMs, toMs, format: i % 2 === 0 ? "mkv" : "mp4" }, next);
      }
      await archive.close();
    }
    assert.ok(chains >= 20, `only ${chains} of 108 ranges were a chain`);
  });

  test("hold as much as the packs in them, also after the oldest were removed", async () => {
    using dir = tempDir("chains");
    const archive = await openArchive(dir.path, { limits: { maxBytes: 1 } });
    await record(archive, history({ seed: 3, count: 60, troubles: 0 }));
    await archive.close();
    const file = join(dir.path, "index.sqlite");
    const index = await openDirectIndex(file);
    const all = { fromMs: millis(0), toMs: millis(START_MS * 2) };
    const { packs } = await index.packs("cam", { by: "time", clock: "producer", range: all });
    const fragments = (list: readonly { totals: { fragments: number } }[]) =>
      list.reduce((sum, { totals }) => sum + totals.fragments, 0);
    const whole = await index.chain("cam", all);
    assert.equal(whole?.totals.fragments, fragments(packs.slice(1)));
    assert.equal(whole?.lastSequence, packs.at(-1)?.lastSequence);
    const packIds = packs.slice(0, 21).map(({ packId }) => packId);
    const removal = { cause: "age", who: "retention", atMs: millis(START_MS) } as const;
    await index.remove({ stream: "cam", packIds, ...removal });
    const left = await index.chain("cam", all);
    assert.equal(left?.firstSequence, packs[22]?.firstSequence);
    assert.equal(left?.totals.fragments, fragments(packs.slice(22)));
    await index.close();
  });

  test("are not made of packs whose neighbours cannot be told apart from the index", async () => {
    using dir = tempDir("chains");
    const archive = await openArchive(dir.path, { limits: { maxBytes: 1 } });
    const steady = (atMs: number, count: number): Made[] =>
      Array.from({ length: count }, (_, i) => ({
        ...{ atMs: atMs + i * 1000, lengthMs: 1000, set: 0, seekable: true, session: "s" },
      }));
    // The same ten seconds twice: the camera's clock was set back.
    await record(archive, [...steady(0, 20), ...steady(5000, 20)]);
    const range = { fromMs: millis(START_MS), toMs: millis(START_MS + 60_000) };
    assert.equal(await archive.chain("cam", range), undefined);
    await assertAlike(archive, { fromMs: 0, toMs: 60_000, format: "mp4" }, random(1));
    await archive.close();
  });
});
