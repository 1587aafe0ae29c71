/**
 * P1 and P2 by force: every file operation and every index call of a recording fails in turn, once
 * having done nothing and once having done its work without saying so. After each, a fresh start must
 * find every fragment whose append resolved, byte for byte, and every other one wholly or not at all.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Files, nodeFiles, type OpenFile } from "../../src/archive/files.ts";
import { Fault } from "../../src/base/errors.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import { allFragments, assertSame, openArchive, openDirectIndex } from "../support/archives.ts";
import { aFragment, aTrackSet, START_MS } from "../support/fragments.ts";
import { tempDir } from "../support/temp-dir.ts";

type Effect = "lost" | "done";

/** Counts calls; the n-th fails, and with `persistent` every one after it too. */
interface Plan {
  calls: number;
  readonly failAt: number;
  readonly effect: Effect;
  readonly persistent: boolean;
}

function failing<T extends object>(target: T, plan: Plan, names?: ReadonlySet<string>): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name);
      if (typeof value !== "function") return value;
      if (names !== undefined && !names.has(String(name))) return value.bind(object);
      return async (...args: readonly unknown[]) => {
        plan.calls++;
        const fails = plan.calls === plan.failAt || (plan.persistent && plan.calls > plan.failAt);
        if (!fails) return wrapFile(await value.apply(object, args), plan);
        if (plan.effect === "done") {
          const result = await value.apply(object, args);
          if (isFile(result)) await result.close();
        }
        throw new Fault("store.unavailable", `call ${plan.calls} (${String(name)}) failed by plan`);
      };
    },
  });
}

const FILE_CALLS = new Set(["write", "sync", "truncate"]);

function isFile(value: unknown): value is OpenFile {
  return typeof value === "object" && value !== null && "truncate" in value && "write" in value;
}

function wrapFile(value: unknown, plan: Plan): unknown {
  return isFile(value) ? failing(value, plan, FILE_CALLS) : value;
}

const FILES_CALLS = new Set(["open", "rename", "makeDir", "syncDir", "exists"]);

/** Records ten fragments over two packs and closes. Returns what was acked and what was not. */
async function story(
  dir: string,
  plan: Plan,
): Promise<{ acked: SealedFragment[]; sent: SealedFragment[] }> {
  const files: Files = failing(nodeFiles, plan, FILES_CALLS);
  const wrapIndex: Parameters<typeof openArchive>[1] = {
    files,
    wrapIndex: (index) => failing(index, plan, new Set(["commit"])),
  };
  const sent: SealedFragment[] = [];
  const acked: SealedFragment[] = [];
  const archive = await openArchive(dir, { ...wrapIndex, openIndex: openDirectIndex });
  const recording = await archive.open({ stream: "cam", session: "s" });
  for (let i = 0; i < 10; i++) {
    const number = recording.nextNumber();
    const trackSet = aTrackSet({ width: i < 6 ? 64 : 128 });
    const fragment = aFragment({ number, startMs: START_MS + i * 2000, trackSet });
    sent.push(fragment);
    await recording.append(fragment).then(
      () => acked.push(fragment),
      () => {},
    );
  }
  await recording.close().catch(() => {});
  await archive.close().catch(() => {});
  return { acked, sent };
}

async function check(
  dir: string,
  told: Awaited<ReturnType<typeof story>>,
  label: string,
): Promise<void> {
  const archive = await openArchive(dir, { openIndex: openDirectIndex });
  try {
    const stored = await allFragments(archive, "cam");
    const bySequence = new Map(stored.map((f) => [f.info.number.sequence, f]));
    assert.equal(bySequence.size, stored.length, `${label}: a fragment twice`);
    for (const fragment of told.acked)
      assert.ok(
        bySequence.has(fragment.info.number.sequence),
        `${label}: an acked fragment is gone`,
      );
    for (const one of stored) {
      const sent = told.sent.find((f) => f.info.number.sequence === one.info.number.sequence);
      await assertSame(archive, one, sent ?? assert.fail(`${label}: a fragment nobody sent`));
    }
  } finally {
    await archive.close();
  }
}

async function sweep(effect: Effect, persistent: boolean): Promise<number> {
  for (let failAt = 1; ; failAt++) {
    using dir = tempDir("sweep");
    const setUp = await openArchive(dir.path, { openIndex: openDirectIndex });
    await setUp.create({ name: "cam", retentionHours: 24 });
    await setUp.close();
    const plan: Plan = { calls: 0, failAt, effect, persistent };
    const label = `call ${failAt}, ${effect}${persistent ? ", and all after it" : ""}`;
    const told = await story(dir.path, plan);
    await check(dir.path, told, label);
    if (plan.calls < failAt) {
      assert.equal(told.acked.length, 10, "without a failure everything is acked");
      return failAt - 1;
    }
  }
}

suite("an archive whose n-th operation fails", () => {
  for (const effect of ["lost", "done"] as const)
    for (const persistent of [false, true])
      test(`(${effect}${persistent ? ", for good" : ""}) keeps what it acked`, async (t) => {
        const steps = await sweep(effect, persistent);
        t.diagnostic(`${steps} operations, each failed once`);
        assert.ok(steps >= 30, `only ${steps} operations were failed`);
      });
});
