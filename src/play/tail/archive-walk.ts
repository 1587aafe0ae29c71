/** Walks the archive in the order fragments arrived. Holds the lists of a few packs at a time. */
import { Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import type { FragmentReader, PackSummary, StoredFragment } from "../../fragment/fragment.ts";

/** Later than any producer time whose µs are a safe integer (year 2255). */
const FAR_MS = millis(Math.floor(Number.MAX_SAFE_INTEGER / 1000));

/** How many fragments back a seekable one is looked for. */
const SNAP_BACK = 64;

export interface WalkOptions {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly signal: AbortSignal;
}

/**
 * Fragments numbered above `after`, in rising order, as far as they are durable now. Packs of producers
 * that overlapped are merged. Packs deleted on the way are passed over.
 */
export async function* fragmentsAfter(
  after: number,
  options: WalkOptions,
): AsyncGenerator<StoredFragment> {
  const { reader, stream, signal } = options;
  const packs = flatten(reader.packs(stream, { by: "sequence", after }, signal));
  let next = await packs.next();
  let waiting: StoredFragment[] = [];
  try {
    for (;;) {
      const head = waiting[0];
      const pack = next.done ? undefined : next.value;
      if (pack && (head === undefined || pack.firstSequence < sequenceOf(head))) {
        const more = await list(pack, options);
        waiting = [...waiting, ...more.filter((f) => sequenceOf(f) > after)];
        waiting.sort((a, b) => sequenceOf(a) - sequenceOf(b));
        next = await packs.next();
      } else if (head === undefined) {
        return;
      } else {
        waiting.shift();
        yield head;
      }
    }
  } finally {
    await packs.return(undefined);
  }
}

/**
 * The earliest fragment on the producer's clock that ends after `fromMs`. When a decoder cannot start
 * in it, the seekable one before it, of the same session and run.
 */
export async function firstFragment(
  fromMs: number,
  options: WalkOptions,
): Promise<StoredFragment | undefined> {
  const { reader, stream, signal } = options;
  const range = { fromMs: millis(fromMs), toMs: FAR_MS };
  let best: StoredFragment | undefined;
  const selection = { by: "time", clock: "producer", range } as const;
  for await (const pack of flatten(reader.packs(stream, selection, signal))) {
    if (best !== undefined && pack.producedStartUs >= best.info.producedStartUs) break;
    for (const found of await list(pack, options)) {
      const { producedStartUs, producedEndUs } = found.info;
      if (producedEndUs <= fromMs * 1000) continue;
      if (best === undefined || producedStartUs < best.info.producedStartUs) best = found;
    }
  }
  if (best === undefined || best.info.seekable) return best;
  return (await seekableUpTo(best, options)) ?? best;
}

async function seekableUpTo(
  { info }: StoredFragment,
  options: WalkOptions,
): Promise<StoredFragment | undefined> {
  const { sequence } = info.number;
  let newest: StoredFragment | undefined;
  for await (const stored of fragmentsAfter(Math.max(0, sequence - SNAP_BACK - 1), options)) {
    if (sequenceOf(stored) > sequence) break;
    const same = stored.info.session === info.session && stored.info.run === info.run;
    if (same && stored.info.seekable) newest = stored;
  }
  return newest;
}

function sequenceOf(fragment: StoredFragment): number {
  return fragment.info.number.sequence;
}

async function* flatten(
  pages: AsyncIterable<readonly PackSummary[]>,
): AsyncGenerator<PackSummary, undefined> {
  for await (const page of pages) yield* page;
}

/** Empty when retention took the pack meanwhile. */
async function list(pack: PackSummary, options: WalkOptions): Promise<readonly StoredFragment[]> {
  try {
    return await options.reader.fragments(options.stream, pack.packId);
  } catch (error) {
    if (error instanceof Fault && error.code === "store.not-found") return [];
    throw error;
  }
}
