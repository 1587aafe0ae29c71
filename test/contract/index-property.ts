/** Any history of commits, removals, thinning and holds: the engines answer alike, and as the model does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FragmentIndex, PackRow } from "../../src/archive/index/fragment-index.ts";
import { micros, millis } from "../../src/base/units.ts";
import {
  allPackIds,
  EVER,
  MINUTE_MS,
  minutes,
  packRow,
  START_MS,
  streamInfo,
  TRACK_SET,
} from "../support/index-rows.ts";
import type { Engine } from "./index-engines.ts";
import { ModelStream } from "./index-model.ts";

const SETS = ["a", "b"].map((id) => ({ ...TRACK_SET, id: id.repeat(32) }));
const HOUR_MS = 3_600_000;
const RUNS = 12;
/** Chains there must be in all these runs, or they show nothing about chains. */
const MIN_CHAINS = 20;

type Command =
  | { readonly do: "record"; readonly count: number; readonly jumpMs: number; readonly set: number }
  | { readonly do: "open" }
  | { readonly do: "upload" }
  | { readonly do: "remove"; readonly from: number; readonly count: number; readonly step: number }
  | { readonly do: "thin"; readonly minute: number }
  | { readonly do: "hold"; readonly from: number; readonly length: number }
  | { readonly do: "endHold" }
  | { readonly do: "gap"; readonly from: number; readonly length: number };

const minute = fc.integer({ min: 0, max: 60 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("record" as const),
      count: fc.integer({ min: 1, max: 12 }),
      // Mostly it goes on; it may stop for a while, or the clock is set back.
      jumpMs: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -900, max: 900 }) },
        { weight: 1, arbitrary: fc.integer({ min: -600_000, max: 600_000 }) },
      ),
      set: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constant(1)),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "open" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "upload" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: fc.constant("remove" as const), from: fc.nat(40) },
      ...{ count: fc.integer({ min: 1, max: 8 }), step: fc.integer({ min: 1, max: 4 }) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("thin" as const), minute }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("hold" as const), from: minute, length: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "endHold" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("gap" as const), from: minute, length: fc.nat(9) }),
  },
);

/** One history, told to all engines and to the model. */
class Run {
  readonly #indexes: readonly FragmentIndex[];
  readonly #name: string;
  readonly #model = new ModelStream();
  #sequence = 1;
  #endUs = START_MS * 1000;
  #nowMs = START_MS;
  chains = 0;
  stretches = 0;

  constructor(indexes: readonly FragmentIndex[], name: string) {
    this.#indexes = indexes;
    this.#name = name;
  }

  async begin(): Promise<void> {
    await this.#all((index) => index.createStream(streamInfo(this.#name)));
    await this.#all((index) => index.commit({ trackSets: SETS }));
  }

  /** Nothing of it is left for the next one. */
  async end(): Promise<void> {
    await this.#endHolds();
    await this.#all((index) => index.deleteStream(this.#name, "test", this.#nowMs));
    const garbage = await this.#all((index) => index.garbage(Number.MAX_SAFE_INTEGER, 10_000));
    await this.#all((index) => index.forgetGarbage(garbage));
  }

  async #all<T>(ask: (index: FragmentIndex) => Promise<T>): Promise<T> {
    const [first, ...others] = await Promise.all(this.#indexes.map(ask));
    for (const other of others) assert.deepEqual(other, first);
    return first as T;
  }

  async do(command: Command): Promise<void> {
    this.#nowMs += 1000;
    if (command.do === "record") await this.#record(command);
    else if (command.do === "open")
      await this.#commit([
        this.#next({ sealed: false, archived: false, trackSetId: SETS[0]?.id ?? "" }),
      ]);
    else if (command.do === "upload") await this.#upload();
    else if (command.do === "remove") await this.#remove(command);
    else if (command.do === "thin") await this.#thin(command.minute);
    else if (command.do === "hold") await this.#hold(command.from, command.length);
    else if (command.do === "endHold") await this.#endHolds();
    else await this.#gap(command.from, command.length);
  }

  #next(over: Partial<PackRow>): PackRow {
    const startUs = this.#endUs;
    this.#endUs += MINUTE_MS * 1000;
    const firstSequence = this.#sequence;
    this.#sequence += 30;
    const base = packRow(Math.floor(firstSequence / 30), { ...over, stream: this.#name });
    const times = { producedStartUs: startUs, producedEndUs: this.#endUs };
    return { ...base, ...times, firstSequence, lastSequence: firstSequence + 29 };
  }

  async #record({ count, jumpMs, set }: Extract<Command, { do: "record" }>): Promise<void> {
    this.#endUs += jumpMs * 1000;
    const trackSetId = SETS[set]?.id ?? "";
    const rows = Array.from({ length: count }, (_, i) =>
      this.#next({ trackSetId, archived: i % 7 !== 6, listOffset: i % 5 === 4 ? 0 : 100 }),
    );
    await this.#commit(rows);
  }

  async #commit(rows: readonly PackRow[]): Promise<void> {
    this.#model.commit(rows);
    await this.#all((index) => index.commit({ rows }));
  }

  /** All that is not archived becomes so. */
  async #upload(): Promise<void> {
    const rows = [...this.#model.rows.values()].filter((row) => !row.archived);
    const done = rows.map((row) => ({
      ...row,
      sealed: true,
      archived: true,
      fragments: undefined,
    }));
    await this.#commit(done);
  }

  async #remove({ from, count, step }: Extract<Command, { do: "remove" }>): Promise<void> {
    const ids = [...this.#model.rows.keys()];
    const packIds = Array.from({ length: count }, (_, i) => ids[from + i * step]).filter(
      (id) => id !== undefined,
    );
    const atMs = millis(this.#nowMs);
    const gone = this.#model.remove(packIds, atMs, "age");
    const removal = { stream: this.#name, packIds, cause: "age", who: "test", atMs } as const;
    const { packIds: went } = await this.#all((index) => index.remove(removal));
    assert.deepEqual(went, gone);
  }

  async #thin(to: number): Promise<void> {
    const beforeMs = START_MS + to * MINUTE_MS;
    this.#model.thin(beforeMs);
    await this.#all((index) => index.thin(beforeMs, 1000));
  }

  async #hold(from: number, length: number): Promise<void> {
    const id = `${this.#name}-${this.#nowMs}`;
    const hold = { id, stream: this.#name, who: "a", why: "b", createdMs: millis(this.#nowMs) };
    const row = { ...hold, ...minutes(from, from + length), untilMs: undefined };
    this.#model.holds.push(row);
    await this.#all((index) => index.addHold(row));
  }

  async #endHolds(): Promise<void> {
    const untilMs = millis(this.#nowMs);
    for (const { id } of this.#model.holds)
      await this.#all((index) => index.endHold(id, "test", untilMs));
    this.#model.holds = [];
  }

  async #gap(from: number, length: number): Promise<void> {
    const { fromMs, toMs } = minutes(from, from + length + 1);
    const [startUs, endUs] = [micros(fromMs * 1000), micros(toMs * 1000)];
    this.#model.addGap(startUs, endUs, "offline");
    const gap = { stream: this.#name, startUs, endUs, cause: "offline" } as const;
    await this.#all((index) =>
      index.commit({ gaps: [{ ...gap, recordedMs: millis(this.#nowMs) }] }),
    );
  }

  async check(from: number, length: number): Promise<void> {
    const [name, model] = [this.#name, this.#model];
    assert.deepEqual(await this.#all((index) => index.extent(name)), model.extent());
    assert.equal(await this.#all((index) => index.lastSequence(name)), model.lastSequence);
    for (const range of [EVER, minutes(from, from + length)]) await this.#checkRange(range);
    await this.#checkHours(from % 3, length);
    const after = from * 30 + 7;
    const found = await this.#all((index) => allPackIds(index, name, { by: "sequence", after }));
    assert.deepEqual(
      found,
      model.packsAfter(after).map(({ packId }) => packId),
    );
  }

  async #checkRange(range: Parameters<FragmentIndex["chain"]>[1]): Promise<void> {
    const [name, model] = [this.#name, this.#model];
    const selection = { by: "time", clock: "producer", range } as const;
    const found = await this.#all((index) => allPackIds(index, name, selection));
    assert.deepEqual(
      found,
      model.packsIn(range).map(({ packId }) => packId),
    );
    const gaps = await this.#all((index) => index.gaps(name, range, 1000));
    const texts = gaps.map(({ startUs, endUs, cause }) => `${startUs} ${endUs} ${cause}`);
    assert.deepEqual(texts.sort(), model.gapsIn(range));
    const chain = await this.#all((index) => index.chain(name, range));
    if (chain === undefined) return;
    this.chains++;
    assert.equal(model.chainProblem(chain, range), undefined, JSON.stringify({ chain, range }));
  }

  /** History lasts a few hours. */
  async #checkHours(hour: number, joinS: number): Promise<void> {
    const start = Math.floor(START_MS / HOUR_MS) + hour - 1;
    const [fromMs, toMs] = [millis(start * HOUR_MS), millis((start + 2 + hour) * HOUR_MS)];
    const [name, range, joinMs] = [this.#name, { fromMs, toMs }, joinS * 1000];
    const found = await this.#all((index) => index.stretches(name, range, joinMs));
    assert.deepEqual(found, this.#model.stretches(range, joinMs));
    this.stretches += found.length;
  }

  /** Every row, whole. */
  async checkRows(): Promise<void> {
    for (const row of this.#model.rows.values())
      assert.deepEqual(await this.#all((index) => index.pack(this.#name, row.packId)), row);
  }
}

export function propertyTest(engines: readonly Engine[]): void {
  const names = engines.map(({ name }) => name).join(" and ");
  test(`any history leaves ${names} with the answers of the model`, async () => {
    const opened = await Promise.all(engines.map((engine) => engine.open()));
    const indexes = opened.map(({ index }) => index);
    let [runs, chains, stretches] = [0, 0, 0];
    const steps = fc.array(fc.tuple(command, minute, minute), { minLength: 8, maxLength: 24 });
    const property = fc.asyncProperty(steps, async (history) => {
      const run = new Run(indexes, `cam${++runs}`);
      await run.begin();
      try {
        for (const [one, from, length] of history) {
          await run.do(one);
          await run.check(from, length);
        }
        await run.checkRows();
      } finally {
        await run.end();
      }
      chains += run.chains;
      stretches += run.stretches;
    });
    await fc.assert(property, { numRuns: RUNS });
    assert.ok(chains >= MIN_CHAINS, `only ${chains} answers were chains`);
    assert.ok(stretches >= MIN_CHAINS, `only ${stretches} stretches`);
    for (const one of opened) await one[Symbol.asyncDispose]();
  });
}
