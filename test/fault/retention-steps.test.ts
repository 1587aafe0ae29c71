/**
 * Every durable step of a removal fails, once having done nothing and once having done its work without saying so; then
 * another process goes on. At no time is the object of a pack gone that still has its row, and in the end everything that
 * should go has gone, once by the audit's count (docs/design/retention.md).
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { objectKey } from "../../src/archive/pack-id.ts";
import type { LocalPacks } from "../../src/archive/retention/collector.ts";
import { END_OF_TIME_MS } from "../../src/archive/retention/policy.ts";
import { openDirectIndex } from "../support/archives.ts";
import { addPacks, makeStream } from "../support/index-packs.ts";
import { retentionRig } from "../support/retention.ts";
import { SizeStore } from "../support/size-store.ts";
import { SkewClock } from "../support/skew-clock.ts";

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const STEPS = ["remove", "local", "delete", "forgetGarbage"] as const;
type StepName = (typeof STEPS)[number];
type How = "nothing" | "silently";

/** The step fails at its `nth` call and at no other. */
class Trouble {
  readonly #step: StepName;
  readonly #how: How;
  #left: number;

  constructor(step: StepName, how: How, nth: number) {
    this.#step = step;
    this.#how = how;
    this.#left = nth;
  }

  get happened(): boolean {
    return this.#left <= 0;
  }

  async at<T>(step: StepName, work: () => Promise<T>): Promise<T> {
    if (step !== this.#step || --this.#left !== 0) return work();
    if (this.#how === "silently") await work();
    throw new Error(`${step} failed, ${this.#how}`);
  }
}

function withTrouble<T extends object>(of: T, trouble: Trouble, steps: readonly StepName[]): T {
  return new Proxy(of, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const step = steps.find((one) => one === name);
      const call = (...args: unknown[]) => Reflect.apply(value, target, args);
      return step === undefined
        ? call
        : (...args: unknown[]) => trouble.at(step, () => call(...args));
    },
  });
}

async function rowsOf(index: FragmentIndex): Promise<Set<string>> {
  const query = { stream: "cam", receivedBeforeMs: END_OF_TIME_MS, limit: 1000 };
  return new Set((await index.oldPacks(query)).map(({ packId }) => packId));
}

async function run(step: StepName, how: How, nth: number): Promise<boolean> {
  const clock = new SkewClock(NOW);
  const index = await openDirectIndex(":memory:");
  const store = new SizeStore();
  const trouble = new Trouble(step, how, nth);
  await makeStream(index, "cam", { retentionHours: 1 });
  const specs = Array.from({ length: 90 }, (_, i) => ({ atMs: NOW - (90 - i) * MINUTE }));
  const ids = await addPacks(index, "cam", specs);
  for (const id of ids) store.objects.set(objectKey(id), 1000);
  const local: LocalPacks = { remove: async () => {} };
  const troubled = {
    index: withTrouble(index, trouble, ["remove", "forgetGarbage"]),
    store: withTrouble(store, trouble, ["delete"]),
    local: { remove: (of: readonly string[]) => trouble.at("local", () => local.remove(of)) },
  };
  const settings = { clock, batch: 10, graceMs: 1000 };
  const first = await retentionRig({ ...settings, ...troubled });
  for (let i = 0; i < 3; i++) {
    await first.retention.sweeper.sweepNow().catch(() => {});
    for (const id of await rowsOf(index)) assert.ok(store.objects.has(objectKey(id)), id);
    clock.advance(2000);
  }
  await first.retention.stop();
  await using second = await retentionRig({ ...settings, index, store, local });
  for (let i = 0; i < 2; i++) {
    await second.retention.sweeper.sweepNow();
    clock.advance(2000);
  }
  assert.deepEqual(await rowsOf(index), new Set(ids.slice(30)));
  assert.deepEqual([...store.objects.keys()], ids.slice(30).map(objectKey));
  assert.deepEqual(await index.garbage(END_OF_TIME_MS, 10), []);
  const removed = await index.audit({ stream: "cam", limit: 100 });
  assert.equal(
    removed.reduce((sum, { packs = 0 }) => sum + packs, 0),
    30,
  );
  return trouble.happened;
}

suite("a removal that fails at any step is finished by the next process", () => {
  for (const step of STEPS)
    for (const how of ["nothing", "silently"] as const)
      test(`${step}, having done ${how === "nothing" ? "nothing" : "its work"}`, async () => {
        for (const nth of [1, 2, 3]) assert.ok(await run(step, how, nth), `call ${nth} was made`);
        assert.equal(await run(step, how, 99), false);
      });
});
