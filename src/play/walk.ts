/**
 * Walks the packs of a selection in order and merges the fragments of those that overlap: the only place
 * in `play` that does. Holds one page of packs and the fragment lists of the packs that overlap at the
 * place it has reached, whatever the length of the range.
 */
import { Fault } from "../base/errors.ts";
import { millis } from "../base/units.ts";
import {
  CHAIN_OVERLAP_US,
  type ClockName,
  type FragmentReader,
  type PackSelection,
  type PackSummary,
  type StoredFragment,
  type TimeRange,
} from "../fragment/fragment.ts";
import { compareBy, inRange, keyOf, type OrderName, packKeyOf } from "./order.ts";

export interface Walk {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly signal?: AbortSignal | undefined;
}

export type WalkSelection =
  | { readonly by: "time"; readonly clock: ClockName; readonly range: TimeRange }
  | { readonly by: "sequence"; readonly after: number };

export type Step =
  /** All of a pack: its list was not read. Nothing else lies between its first and last fragment. */
  | { readonly kind: "pack"; readonly pack: PackSummary }
  /** Some fragments, in order; never empty. */
  | { readonly kind: "fragments"; readonly fragments: readonly StoredFragment[] };

/** Longest time a fragment may play and still be found by the server clock when it began before the range. */
const LONGEST_FRAGMENT_MS = 60_000;

export interface StepOptions {
  /** A pack that is wholly inside the selection and apart from all others is given as it is. Default: none. */
  readonly takeWhole?: (pack: PackSummary) => boolean;
  /** As if the pack were not there. Default: none. */
  readonly leaveOut?: (pack: PackSummary) => boolean;
}

/**
 * The selection in order, fragment by fragment where the options do not say otherwise. Packs that retention
 * takes on the way are passed over. Throws `stream.not-found`.
 */
export async function* steps(
  walk: Walk,
  selection: WalkSelection,
  { takeWhole = () => false, leaveOut = () => false }: StepOptions = {},
): AsyncGenerator<Step, undefined> {
  const order = orderOf(selection);
  const pending = new Pending(order);
  let held: PackSummary | undefined;
  const open = async (pack: PackSummary) => {
    const list = await listOf(walk, pack);
    pending.add(list.filter(({ info }) => selects(selection, info)));
  };
  for await (const page of walk.reader.packs(walk.stream, wider(selection), walk.signal)) {
    for (const pack of page) {
      if (leaveOut(pack)) continue;
      if (held !== undefined) {
        if (apart(held, pack, order)) yield { kind: "pack", pack: held };
        else await open(held);
        held = undefined;
      }
      yield* fragmentsStep(pending.takeBefore(packKeyOf(pack, order)));
      if (pending.empty && inside(pack, selection) && takeWhole(pack)) held = pack;
      else await open(pack);
    }
  }
  if (held !== undefined) yield { kind: "pack", pack: held };
  yield* fragmentsStep(pending.takeBefore(Number.POSITIVE_INFINITY));
}

/** The fragments of a pack as the summary counts them, in stored order; empty when retention took it. */
export async function listOf(walk: Walk, pack: PackSummary): Promise<readonly StoredFragment[]> {
  try {
    const list = await walk.reader.fragments(walk.stream, pack.packId);
    // A pack that is open may have grown since its summary was made.
    return list.slice(0, pack.totals.fragments);
  } catch (error) {
    if (error instanceof Fault && error.code === "store.not-found") return [];
    throw error;
  }
}

function orderOf(selection: WalkSelection): OrderName {
  return selection.by === "time" ? selection.clock : "sequence";
}

function selects(selection: WalkSelection, info: StoredFragment["info"]): boolean {
  if (selection.by === "sequence") return info.number.sequence > selection.after;
  return inRange(info, selection.clock, selection.range);
}

/** The index knows when fragments began to arrive, not how long they play: ask for earlier ones too. */
function wider(selection: WalkSelection): PackSelection {
  if (selection.by === "sequence" || selection.clock === "producer") return selection;
  const { fromMs, toMs } = selection.range;
  const range = { fromMs: millis(Math.max(0, fromMs - LONGEST_FRAGMENT_MS)), toMs };
  return { ...selection, range };
}

function inside(pack: PackSummary, selection: WalkSelection): boolean {
  if (selection.by === "sequence") return pack.firstSequence > selection.after;
  const { fromMs, toMs } = selection.range;
  if (selection.clock === "server")
    return pack.receivedFirstMs >= fromMs && pack.receivedLastMs < toMs;
  return pack.producedStartUs >= fromMs * 1000 && pack.producedEndUs <= toMs * 1000;
}

/** Whether everything in `next` and in what comes after it follows everything in `pack`. */
function apart(pack: PackSummary, next: PackSummary, order: OrderName): boolean {
  if (next.firstSequence <= pack.lastSequence) return false;
  if (order === "producer") return next.producedStartUs >= pack.producedEndUs - CHAIN_OVERLAP_US;
  return order === "sequence" || next.receivedFirstMs >= pack.receivedLastMs;
}

function* fragmentsStep(fragments: readonly StoredFragment[]): Generator<Step> {
  if (fragments.length > 0) yield { kind: "fragments", fragments };
}

/** Fragments of open packs that may not be given yet, in order. */
class Pending {
  readonly #order: OrderName;
  #waiting: StoredFragment[] = [];

  constructor(order: OrderName) {
    this.#order = order;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  add(fragments: readonly StoredFragment[]): void {
    this.#waiting.push(...fragments);
    this.#waiting.sort(compareBy(this.#order));
  }

  /** Removes and returns what comes before every fragment whose key is `key` or more. */
  takeBefore(key: number): StoredFragment[] {
    const end = this.#waiting.findIndex(({ info }) => keyOf(info, this.#order) >= key);
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }
}
