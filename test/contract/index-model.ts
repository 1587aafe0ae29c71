/** What an index has to answer, in plain arrays: slow, and simple enough to be right. */
import type { PackRow } from "../../src/archive/index/fragment-index.ts";
import { readTotals } from "../../src/archive/index/fragment-list.ts";
import type { GapCause, HoldRow } from "../../src/archive/index/index-ledger.ts";
import { micros } from "../../src/base/units.ts";
import type { PackChain, PackStretch, PackTotals, TimeRange } from "../../src/fragment/fragment.ts";
import { TotalsCounter } from "../../src/fragment/pack-totals.ts";
import { addFingerprint, packFingerprint } from "../../src/native/fingerprint.ts";

interface Gap {
  startUs: number;
  endUs: number;
  readonly cause: GapCause;
}

/** Two holes of removed packs are one when they are this close: as packs of a chain. */
const JOIN_US = 1_000_000;

/** Of one stream. */
export class ModelStream {
  rows = new Map<string, PackRow>();
  gaps: Gap[] = [];
  holds: HoldRow[] = [];
  lastSequence = 0;

  commit(rows: readonly PackRow[]): void {
    for (const row of rows) {
      const fragments = row.fragments ?? this.rows.get(row.packId)?.fragments;
      this.rows.set(row.packId, { ...row, fragments });
      this.lastSequence = Math.max(this.lastSequence, row.lastSequence);
    }
  }

  remove(packIds: readonly string[], atMs: number, cause: GapCause): string[] {
    const gone = packIds.flatMap((id) => this.rows.get(id) ?? []);
    const free = gone.filter((row) => row.archived && !this.#held(row, atMs));
    for (const { packId } of free) this.rows.delete(packId);
    const ordered = [...free].sort((a, b) => a.producedStartUs - b.producedStartUs);
    for (const row of ordered) this.addGap(row.producedStartUs, row.producedEndUs, cause, JOIN_US);
    return free.map(({ packId }) => packId);
  }

  #held({ producedStartUs, producedEndUs }: PackRow, atMs: number): boolean {
    return this.holds.some(
      ({ fromMs, toMs, untilMs = Number.POSITIVE_INFINITY }) =>
        untilMs > atMs && fromMs * 1000 < producedEndUs && toMs * 1000 > producedStartUs,
    );
  }

  addGap(startUs: number, endUs: number, cause: GapCause, joinUs = 0): void {
    const meets = (gap: Gap) =>
      gap.cause === cause && gap.startUs <= endUs + joinUs && gap.endUs + joinUs >= startUs;
    const met = this.gaps.filter(meets);
    this.gaps = this.gaps.filter((gap) => !met.includes(gap));
    this.gaps.push({
      startUs: Math.min(startUs, ...met.map((gap) => gap.startUs)),
      endUs: Math.max(endUs, ...met.map((gap) => gap.endUs)),
      cause,
    });
  }

  thin(beforeMs: number): void {
    for (const [id, row] of this.rows)
      if (row.archived && row.listOffset > 0 && row.receivedLastMs < beforeMs)
        this.rows.set(id, { ...row, fragments: undefined });
  }

  /** By producer's time. */
  packsIn({ fromMs, toMs }: TimeRange): PackRow[] {
    return this.#sorted("producedStartUs").filter(
      (row) => row.producedStartUs < toMs * 1000 && row.producedEndUs > fromMs * 1000,
    );
  }

  packsAfter(sequence: number): PackRow[] {
    return this.#sorted("firstSequence").filter((row) => row.lastSequence > sequence);
  }

  #sorted(by: "producedStartUs" | "firstSequence"): PackRow[] {
    return [...this.rows.values()].sort(
      (a, b) => a[by] - b[by] || a.firstSequence - b.firstSequence,
    );
  }

  gapsIn({ fromMs, toMs }: TimeRange): string[] {
    return this.gaps
      .filter((gap) => gap.startUs < toMs * 1000 && gap.endUs > fromMs * 1000)
      .map(({ startUs, endUs, cause }) => `${startUs} ${endUs} ${cause}`)
      .sort();
  }

  extent() {
    const rows = [...this.rows.values()];
    if (rows.length === 0) return undefined;
    return {
      producedStartUs: Math.min(...rows.map((row) => row.producedStartUs)),
      producedEndUs: Math.max(...rows.map((row) => row.producedEndUs)),
      receivedFirstMs: Math.min(...rows.map((row) => row.receivedFirstMs)),
      receivedLastMs: Math.max(...rows.map((row) => row.receivedLastMs)),
      bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
    };
  }

  /** Of packs that begin in the range, open ones too. */
  stretches({ fromMs, toMs }: TimeRange, joinMs: number): PackStretch[] {
    const out: { -readonly [Name in keyof PackStretch]: PackStretch[Name] }[] = [];
    for (const row of this.#sorted("producedStartUs")) {
      const { producedStartUs: startUs, producedEndUs: endUs, bytes } = row;
      if (startUs < fromMs * 1000 || startUs >= toMs * 1000) continue;
      const { fragments } = readTotals(row.totals);
      const last = out.at(-1);
      if (last === undefined || startUs >= last.endUs + Math.max(joinMs, 1000) * 1000) {
        const times = { startUs: micros(startUs), endUs: micros(endUs) };
        out.push({ ...times, packs: 1, fragments, bytes, longestUs: endUs - startUs });
        continue;
      }
      last.endUs = micros(Math.max(last.endUs, endUs));
      last.packs++;
      last.fragments += fragments;
      last.bytes += bytes;
      last.longestUs = Math.max(last.longestUs, endUs - startUs);
    }
    return out;
  }

  /** What is wrong with this chain as an answer for the range, or undefined. */
  chainProblem(chain: PackChain, range: TimeRange): string | undefined {
    const inside = (row: PackRow) =>
      row.producedStartUs >= chain.producedStartUs &&
      row.producedEndUs <= chain.producedEndUs &&
      row.firstSequence >= chain.firstSequence &&
      row.lastSequence <= chain.lastSequence &&
      row.sealed;
    const members = this.packsIn(range).filter(inside);
    const others = this.packsIn(range).filter((row) => !inside(row));
    const before = (row: PackRow) =>
      row.producedStartUs <= chain.producedStartUs && row.firstSequence < chain.firstSequence;
    const after = (row: PackRow) =>
      row.producedStartUs >= chain.producedEndUs - JOIN_US &&
      row.firstSequence > chain.lastSequence;
    if (members.some((row) => row.producedStartUs < range.fromMs * 1000)) return "begins before";
    if (members.some((row) => row.producedEndUs > range.toMs * 1000)) return "ends after";
    if (members.some((row) => row.trackSetId !== chain.trackSetId)) return "another track set";
    if (others.some((row) => !before(row) && !after(row))) return "something is between";
    if (text(sumOf(members)) !== text(chain.totals)) return "wrong totals";
    const prints = members.map((row) =>
      packFingerprint({ ...row, totals: readTotals(row.totals) }),
    );
    const sum = prints.reduce(addFingerprint, [0, 0]);
    return sum.join() === chain.fingerprint.join() ? undefined : "wrong fingerprint";
  }
}

function sumOf(rows: readonly PackRow[]): PackTotals {
  const counter = new TotalsCounter();
  for (const row of rows) counter.addAll(readTotals(row.totals));
  return counter.totals();
}

function text({ fragments, blocksBytes, tracks }: PackTotals): string {
  return JSON.stringify([fragments, blocksBytes, [...tracks].sort((a, b) => a.track - b.track)]);
}
