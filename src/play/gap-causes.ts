/**
 * Why there is no media in a hole: pieces, each with the cause that was written down for it, and `no-media` for what
 * nothing was written down for.
 *
 * Where gaps of several causes overlap, the first in this order counts. What was stored and is gone comes before what
 * was never stored, because a hole may have been filled late and its media removed since.
 */
import { millis } from "../base/units.ts";
import type { FragmentReader, GapCause, RecordedGap, TimeRange } from "../fragment/fragment.ts";

const PRECEDENCE: readonly GapCause[] = [
  ...(["user", "corrupt", "node-lost", "space", "size", "age"] as const),
  ...(["disk-full", "error", "clock-step", "offline"] as const),
];

/** Ms since the Unix epoch on the producer's clock; half open. */
export interface Hole {
  readonly from: number;
  readonly to: number;
  /** False: at an end of the range; only what was written down is a gap. */
  readonly between: boolean;
  /** It began with the end of the newest media and goes on: what nothing was written down for is `offline`. */
  readonly open?: boolean;
}

/** A hole on the server's clock, and the stretch of the producer's clock that is missing in it. */
export interface ServerHole extends Hole {
  readonly producedFrom: number;
  readonly producedTo: number;
}

export interface CausedGap {
  readonly from: number;
  readonly to: number;
  readonly cause: GapCause | "no-media";
  /** For people: an error's text, a node's name. */
  readonly detail?: string;
  /** True: no media has come since; it ends where the question was asked. */
  readonly open?: true;
}

const PAGE = 1000;

/** The holes, in order of their start, as gaps with their causes. Costs in proportion to what is written down in the range. */
export async function causedGaps(
  { reader, stream }: { readonly reader: FragmentReader; readonly stream: string },
  holes: readonly Hole[],
): Promise<CausedGap[]> {
  const [first, last] = [holes[0], holes.at(-1)];
  if (first === undefined || last === undefined) return [];
  const range = { fromMs: millis(first.from), toMs: millis(last.to) };
  const recorded: RecordedGap[] = [];
  for await (const page of pages(reader, stream, range))
    recorded.push(...page.filter((gap) => overlapsSome(holes, gap)));
  return split(holes, recorded);
}

/**
 * The same for holes on the server's clock: causes are looked up where the producer's clock has the missing stretch, and
 * stretched to the hole. Where nothing is missing there, what came was late: the producer was `offline`.
 */
export async function causedServerGaps(
  { reader, stream }: { readonly reader: FragmentReader; readonly stream: string },
  holes: readonly ServerHole[],
): Promise<CausedGap[]> {
  const missing = holes.filter(({ producedFrom, producedTo }) => producedFrom < producedTo);
  const recorded = new RecordedByCause();
  if (missing.length > 0) {
    const fromMs = millis(Math.min(...spread(missing, ({ producedFrom }) => producedFrom)));
    const toMs = millis(Math.max(...spread(missing, ({ producedTo }) => producedTo)));
    for await (const page of pages(reader, stream, { fromMs, toMs })) recorded.add(page);
  }
  return holes.flatMap((hole) => serverPieces(hole, recorded));
}

/** At most two numbers: an argument list has a bound. */
function spread(holes: readonly ServerHole[], of: (hole: ServerHole) => number): number[] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const hole of holes) [least, most] = [Math.min(least, of(hole)), Math.max(most, of(hole))];
  return [least, most];
}

function serverPieces(hole: ServerHole, recorded: RecordedByCause): CausedGap[] {
  const { from, to, producedFrom, producedTo, ...rest } = hole;
  const length = producedTo - producedFrom;
  if (length <= 0) return hole.between ? [{ from, to, cause: "offline" }] : [];
  const missing = { ...rest, from: producedFrom, to: producedTo };
  const onServer = (at: number) => from + Math.round(((at - producedFrom) * (to - from)) / length);
  return split([missing], recorded.overlapping(missing))
    .map((piece) => ({ ...piece, from: onServer(piece.from), to: onServer(piece.to) }))
    .filter((piece) => piece.from < piece.to);
}

/** Gaps of one cause are in order and apart. */
class RecordedByCause {
  readonly #by = new Map<GapCause, RecordedGap[]>();

  add(gaps: readonly RecordedGap[]): void {
    for (const gap of gaps) {
      const all = this.#by.get(gap.cause) ?? [];
      all.push(gap);
      this.#by.set(gap.cause, all);
    }
  }

  /** By start. */
  overlapping({ from, to }: { from: number; to: number }): RecordedGap[] {
    const found: RecordedGap[] = [];
    for (const all of this.#by.values())
      for (let i = firstEndingAfter(all, from); i < all.length; i++) {
        const gap = all[i];
        if (gap === undefined || spanMs(gap)[0] >= to) break;
        found.push(gap);
      }
    return found.sort((a, b) => a.startUs - b.startUs);
  }
}

function firstEndingAfter(gaps: readonly RecordedGap[], atMs: number): number {
  let [low, high] = [0, gaps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const gap = gaps[middle];
    if (gap !== undefined && spanMs(gap)[1] <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By start; one that begins where a page ends comes twice. */
async function* pages(
  reader: FragmentReader,
  stream: string,
  { fromMs, toMs }: TimeRange,
): AsyncGenerator<readonly RecordedGap[]> {
  // The next page asks from the ms of the last start on: those that began before are known.
  let knownUs = Number.NEGATIVE_INFINITY;
  for (let at: number = fromMs; at < toMs; ) {
    const page = await reader.gaps(stream, { fromMs: millis(at), toMs }, PAGE);
    yield page.filter(({ startUs }) => startUs >= knownUs);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    at = Math.max(at + 1, Math.floor(last.startUs / 1000));
    knownUs = at * 1000;
  }
}

/** By halves: holes are in order and apart. */
function overlapsSome(holes: readonly Hole[], gap: RecordedGap): boolean {
  const [from, to] = spanMs(gap);
  let [low, high] = [0, holes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((holes[middle]?.to ?? 0) > from) high = middle;
    else low = middle + 1;
  }
  const hole = holes[low];
  return hole !== undefined && hole.from < to;
}

/** Cut to whole ms in the same way as media. */
function spanMs({ startUs, endUs }: RecordedGap): readonly [number, number] {
  return [Math.floor(startUs / 1000), Math.floor(endUs / 1000)];
}

interface Edge {
  readonly at: number;
  readonly gap: RecordedGap;
  readonly begins: boolean;
}

/** Holes and gaps are in order of their start; holes are apart. */
export function split(holes: readonly Hole[], recorded: readonly RecordedGap[]): CausedGap[] {
  const edges = recorded
    .flatMap((gap): Edge[] => {
      const [from, to] = spanMs(gap);
      return [
        { at: from, gap, begins: true },
        { at: to, gap, begins: false },
      ];
    })
    .sort((a, b) => a.at - b.at);
  const active = new Active();
  const pieces = new Pieces();
  let next = 0;
  for (const hole of holes) {
    let at = hole.from;
    for (let edge = edges[next]; edge !== undefined && edge.at < hole.to; edge = edges[++next]) {
      if (edge.at > at) {
        pieces.add(hole, { from: at, to: edge.at }, active.best());
        at = edge.at;
      }
      active.take(edge);
    }
    pieces.add(hole, { from: at, to: hole.to }, active.best());
  }
  return pieces.list;
}

/** Gaps that have begun and not ended, by cause. */
class Active {
  readonly #by = new Map<GapCause, Set<RecordedGap>>();

  take({ gap, begins }: Edge): void {
    const all = this.#by.get(gap.cause) ?? new Set();
    this.#by.set(gap.cause, all);
    if (begins) all.add(gap);
    else all.delete(gap);
  }

  best(): RecordedGap | undefined {
    for (const cause of PRECEDENCE) {
      const [gap] = this.#by.get(cause) ?? [];
      if (gap !== undefined) return gap;
    }
    return undefined;
  }
}

class Pieces {
  readonly list: CausedGap[] = [];
  #hole: Hole | undefined;

  add(hole: Hole, { from, to }: { from: number; to: number }, gap: RecordedGap | undefined): void {
    if (from >= to || (gap === undefined && !hole.between)) return;
    const isOpen = gap === undefined && hole.open === true;
    const cause = gap?.cause ?? (isOpen ? "offline" : "no-media");
    const detail = gap?.detail;
    const last = this.list.at(-1);
    const goesOn = last !== undefined && this.#hole === hole && last.to === from;
    this.#hole = hole;
    const piece: CausedGap = { from, to, cause, ...(detail === undefined ? {} : { detail }) };
    const same = goesOn && last.cause === cause && last.detail === detail;
    const isOne = same && (last.open ?? false) === isOpen;
    const opened: CausedGap = isOpen ? { ...piece, open: true } : piece;
    if (isOne) this.list[this.list.length - 1] = { ...opened, from: last.from };
    else this.list.push(opened);
  }
}
