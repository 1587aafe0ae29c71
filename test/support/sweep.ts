/**
 * Fault sweeps over stores and engines. P1 to P4 by force: every file operation, every index call and every request to the object store
 * of a recording, of its way to the store, of retention and of a deletion fails in turn, once having done nothing and once having
 * done its work without saying so; in every second run something fails in the recovery as well. What must hold is `sweep-story.ts`.
 */
import assert from "node:assert/strict";
import { openDirectIndex } from "./archives.ts";
import type { Plan } from "./failing.ts";
import { FarStore } from "./far-store.ts";
import {
  check,
  failAgain,
  ShiftedClock,
  type Stage,
  type StoryPlan,
  setUp,
  story,
  type Told,
  type World,
} from "./sweep-story.ts";
import { tempDir } from "./temp-dir.ts";

export type { World };

export interface WorldKind {
  readonly name: string;
  make(): Promise<World>;
  /** Every so many steps only: the others are failed in other worlds. */
  readonly stride: number;
  /** So many steps are left out at the beginning. Default 0. */
  readonly offset?: number;
  /** Kinds of steps of which one is failed whatever the stride. Default: none. */
  readonly always?: (kind: string) => boolean;
}

/** Calls that leave something behind; the others only look. */
const DURABLE =
  /^(file\.(write|sync|truncate)|files\.(rename|makeDir|syncDir|remove)|index\.(?!unarchived).*|store\.(put|delete|eraseKey))$/;

/** Whether a kind of step, as sweeps name it, leaves something behind. */
export function isDurable(kind: string): boolean {
  return DURABLE.test(kind);
}

/** Those of the index and of the object store: what real engines do in their own way. */
export function isOfEngine(kind: string): boolean {
  return isDurable(kind) && !kind.startsWith("file");
}

export const folderWorld: WorldKind = {
  name: "folder and SQLite",
  stride: 1,
  make: async () => ({
    ...{ store: undefined, openIndex: openDirectIndex },
    async [Symbol.asyncDispose]() {},
  }),
};

export const memoryWorld: WorldKind = {
  name: "far memory and SQLite",
  stride: 1,
  make: async () => ({
    ...{ store: new FarStore(), openIndex: openDirectIndex },
    async [Symbol.asyncDispose]() {},
  }),
};

export type Failure = Pick<StoryPlan, "effect" | "persistent" | "code" | "reserveBytes">;

export interface Swept {
  /** Operations that there were to fail. */
  readonly steps: number;
  /** Runs in which one was failed. */
  readonly failed: number;
  /** Kinds of steps (port and method) that there were, and those that were failed. */
  readonly kinds: ReadonlySet<string>;
  readonly visited: ReadonlySet<string>;
}

/** Fails one step after the other until there are no more, then those kinds that were passed over. */
export async function sweep(kind: WorldKind, failure: Failure): Promise<Swept> {
  const { offset = 0, stride, always = () => false } = kind;
  const kinds = new Map<string, number>();
  const visited = new Set<string>();
  const count = (of: string) => kinds.set(of, (kinds.get(of) ?? 0) + 1);
  const steps = await run(kind, { ...failure, failAt: Number.POSITIVE_INFINITY }, count);
  let failed = 0;
  const one = async (plan: Pick<Plan, "failAt" | "kind">) => {
    // Of these every second one, so that both effects have it.
    const again = ++failed % 2 === 0 ? 1 + ((failed * 5) % 23) : undefined;
    return run(kind, { ...failure, ...plan }, (of, fails) => fails && visited.add(of), again);
  };
  // A failure may leave out what would have come behind it, or add to it: so until one is not reached.
  for (let failAt = 1 + offset; (await one({ failAt })) >= failAt; failAt += stride);
  failed--;
  for (const [of, times] of kinds)
    for (const failAt of [1 + (offset % times), 1])
      if (always(of) && !visited.has(of)) await one({ kind: of, failAt });
  return { steps, failed, kinds: new Set(kinds.keys()), visited };
}

/** One story in a world of its own, with `again` another failure behind it. Returns how many calls were counted. */
async function run(
  kind: WorldKind,
  of: Omit<StoryPlan, "calls">,
  seen: (kind: string, fails: boolean) => void,
  again?: number,
): Promise<number> {
  using dir = tempDir("sweep");
  await using world = await kind.make();
  const stage: Stage = { dir: dir.path, world, clock: new ShiftedClock() };
  await setUp(stage);
  const plan: StoryPlan = { ...of, calls: 0, seen };
  const label = `${kind.name}, ${JSON.stringify({ ...of, again })}`;
  const told: Told = await story(stage, plan);
  if (again !== undefined) {
    const { effect } = of;
    await failAgain(stage, { calls: 0, failAt: again, effect, persistent: false });
  }
  await check(stage, told, label);
  if (plan.calls < of.failAt) {
    assert.equal(told.acked.length, 10, "without a failure everything is acked");
    assert.ok(told.removed, "without a failure the first pack is removed");
    assert.ok(told.deleted, "without a failure the other stream is deleted");
  }
  return plan.calls;
}
