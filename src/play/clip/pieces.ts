/**
 * What a clip is made of, from the index alone: whole packs by their totals, and single fragments where the
 * range begins, where it ends and where packs overlap. Knows no container format.
 */
import { createHash } from "node:crypto";
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import {
  CHAIN_OVERLAP_US,
  type ClockName,
  type Fingerprint,
  type PackChain,
  type PackSummary,
  type PackTotals,
  type StoredFragment,
  type TimeRange,
} from "../../fragment/fragment.ts";
import { TotalsCounter } from "../../fragment/pack-totals.ts";
import { addFingerprint, packFingerprint } from "../../native/fingerprint.ts";
import { compareBy } from "../order.ts";
import { beforeSeekable } from "../resolver.ts";
import { listOf, type StepOptions, steps, type Walk } from "../walk.ts";

/** Fragments that follow each other in the clip, of one track set. */
export interface Piece {
  readonly trackSetId: string;
  readonly totals: PackTotals;
  /** On the producer's clock, µs. */
  readonly startUs: number;
  readonly endUs: number;
  /** Added to producer times to get times that only go forward. 0 on the producer's clock. */
  readonly shiftUs: number;
  /** A chain of packs or a whole pack, whose lists are read when its media is; or the fragments themselves. */
  readonly content: PackChain | PackSummary | readonly StoredFragment[];
}

/**
 * Most pieces of one clip; each fragment that is held counts as one, and so does a chain. Without chains and
 * with packs of one minute this is five months, and some 100 MB while the clip is being sent.
 */
export const MAX_PIECES = 250_000;

/** A jump ahead of more than this is not kept on the server's clock, µs. */
const JUMP_US = 10_000_000;

export interface PieceOptions extends Walk {
  readonly clock: ClockName;
  readonly range: TimeRange;
}

/** The pieces in order; none when there is no media. Throws `stream.not-found`, `request.too-large`. */
export async function piecesOf(options: PieceOptions): Promise<Piece[]> {
  const { clock, range, reader, stream } = options;
  const builder = new PieceBuilder(clock);
  const chain = clock === "producer" ? await reader.chain(stream, range) : undefined;
  if (chain === undefined) {
    await gather(builder, options, range);
    return builder.pieces;
  }
  const { firstSequence, lastSequence, producedStartUs, producedEndUs } = chain;
  // Neighbours may overlap the chain's ends a little, and are whole for all that.
  const beforeMs = Math.ceil((producedStartUs + CHAIN_OVERLAP_US) / 1000);
  const afterMs = Math.floor((producedEndUs - CHAIN_OVERLAP_US) / 1000);
  const toMs = millis(Math.min(range.toMs, beforeMs));
  const fromMs = millis(Math.max(range.fromMs, afterMs));
  const before = (pack: PackSummary) => pack.firstSequence >= firstSequence;
  const after = (pack: PackSummary) => pack.firstSequence <= lastSequence;
  await gather(builder, options, { ...range, toMs }, before);
  builder.chain(chain);
  await gather(builder, options, { ...range, fromMs }, after);
  return builder.pieces;
}

/** The same of fragments that were chosen one by one, in their order. */
export function piecesOfFragments(list: readonly StoredFragment[], clock: ClockName): Piece[] {
  const builder = new PieceBuilder(clock);
  builder.fragments(list);
  return builder.pieces;
}

async function gather(
  builder: PieceBuilder,
  options: PieceOptions,
  range: TimeRange,
  leaveOut: NonNullable<StepOptions["leaveOut"]> = () => false,
): Promise<void> {
  const { clock } = options;
  // The first pack is always listed: the clip's start is the start of one fragment.
  const takeWhole = () => builder.pieces.length > 0;
  for await (const step of steps(options, { by: "time", clock, range }, { takeWhole, leaveOut })) {
    if (step.kind === "pack") builder.pack(step.pack);
    else {
      const [first] = step.fragments;
      if (builder.pieces.length === 0 && first !== undefined)
        builder.fragments(await beforeSeekable(options, first));
      builder.fragments(step.fragments);
    }
  }
}

/** What a piece is made of: itself, or the packs of its chain one by one. Throws `store.not-found` when some are gone. */
export async function* unfolded(walk: Walk, piece: Piece): AsyncGenerator<Piece, undefined> {
  const { content } = piece;
  if (!("fingerprint" in content)) {
    yield piece;
    return;
  }
  const { firstSequence, lastSequence, totals } = content;
  const fromMs = millis(Math.floor(content.producedStartUs / 1000));
  const toMs = millis(Math.ceil(content.producedEndUs / 1000));
  const selection = { by: "time", clock: "producer", range: { fromMs, toMs } } as const;
  let fragments = 0;
  for await (const page of walk.reader.packs(walk.stream, selection, walk.signal))
    for (const pack of page) {
      if (pack.firstSequence < firstSequence || pack.lastSequence > lastSequence) continue;
      fragments += pack.totals.fragments;
      yield pieceOfPack(pack, 0);
    }
  if (fragments !== totals.fragments)
    throw new Fault("store.not-found", "packs were deleted while they were read");
}

/** The fragments of a piece in the order they have in the clip. Throws `store.not-found` when they are gone. */
export async function fragmentsOf(
  walk: Walk,
  piece: Piece,
  clock: ClockName,
): Promise<readonly StoredFragment[]> {
  const { content } = piece;
  assert(!("fingerprint" in content), "a chain is unfolded before its fragments are asked for");
  if (!("packId" in content)) return content;
  const list = await listOf(walk, content);
  if (list.length !== content.totals.fragments)
    throw new Fault("store.not-found", `pack ${content.packId} was deleted while it was read`);
  return [...list].sort(compareBy(clock));
}

/**
 * Says the same for the same media in the same order, and something else for anything else. Of whole packs it is
 * the sum of their fingerprints, so that it does not matter whether they were found one by one or as a chain.
 */
export function identityOf(pieces: readonly Piece[], more: readonly string[]): string {
  const hash = createHash("sha256").update(more.join("\n"));
  let sum: Fingerprint = [0, 0];
  for (const { content, shiftUs, trackSetId } of pieces) {
    if ("fingerprint" in content) sum = addFingerprint(sum, content.fingerprint);
    else if ("packId" in content) {
      sum = addFingerprint(sum, packFingerprint(content));
      if (shiftUs !== 0) hash.update(`\n${content.packId} ${shiftUs}`);
    } else
      for (const { packId, info, blocksSize, blocksCrc } of content) {
        const { sequence } = info.number;
        hash.update(`\n${trackSetId} ${shiftUs} ${packId} ${sequence} ${blocksSize} ${blocksCrc}`);
      }
  }
  return hash
    .update(`\n${sum.join(" ")}`)
    .digest("hex")
    .slice(0, 32);
}

function pieceOfPack(pack: PackSummary, shiftUs: number): Piece {
  const { producedStartUs: startUs, producedEndUs: endUs, trackSetId, totals } = pack;
  return { trackSetId, totals, startUs, endUs, shiftUs, content: pack };
}

class PieceBuilder {
  readonly pieces: Piece[] = [];
  readonly #placement: Placement | undefined;
  #weight = 0;

  constructor(clock: ClockName) {
    // On the producer's clock fragments are in order of their true times, and keep them.
    this.#placement = clock === "server" ? new Placement() : undefined;
  }

  pack(pack: PackSummary): void {
    const { producedStartUs: startUs, producedEndUs: endUs } = pack;
    const receivedUs = pack.receivedFirstMs * 1000;
    const receivedEndUs = Math.max(pack.receivedLastMs * 1000, receivedUs + endUs - startUs);
    const shiftUs = this.#placement?.place({ startUs, endUs, receivedUs, receivedEndUs }) ?? 0;
    this.#push(pieceOfPack(pack, shiftUs), 1);
  }

  /** On the producer's clock only. */
  chain(chain: PackChain): void {
    const { trackSetId, totals, producedStartUs: startUs, producedEndUs: endUs } = chain;
    this.#push({ trackSetId, totals, startUs, endUs, shiftUs: 0, content: chain }, 1);
  }

  /** As many pieces as track sets and shifts change. */
  fragments(list: readonly StoredFragment[]): void {
    let open: StoredFragment[] = [];
    let openShift = 0;
    for (const fragment of list) {
      const shiftUs = this.#shiftOf(fragment);
      if (
        open.length > 0 &&
        (open[0]?.trackSetId !== fragment.trackSetId || shiftUs !== openShift)
      ) {
        this.#push(pieceOf(open, openShift), open.length);
        open = [];
      }
      open.push(fragment);
      openShift = shiftUs;
    }
    if (open.length > 0) this.#push(pieceOf(open, openShift), open.length);
  }

  #shiftOf({ info }: StoredFragment): number {
    const { producedStartUs: startUs, producedEndUs: endUs, number } = info;
    const receivedUs = number.receivedMs * 1000;
    const receivedEndUs = receivedUs + endUs - startUs;
    return this.#placement?.place({ startUs, endUs, receivedUs, receivedEndUs }) ?? 0;
  }

  #push(piece: Piece, weight: number): void {
    this.#weight += weight;
    if (this.#weight > MAX_PIECES)
      throw new Fault(
        "request.too-large",
        `a clip of more than ${MAX_PIECES} packs: ask for it in several ranges`,
      );
    this.pieces.push(piece);
  }
}

interface Place {
  readonly startUs: number;
  readonly endUs: number;
  readonly receivedUs: number;
  readonly receivedEndUs: number;
}

/**
 * In arrival order the producer's clock may jump either way. Times are kept as long as they go on; after a
 * jump media goes on where the last ended, after as long as nothing arrived.
 */
class Placement {
  #shiftUs = 0;
  #endUs = 0;
  #receivedEndUs: number | undefined;

  place({ startUs, endUs, receivedUs, receivedEndUs }: Place): number {
    if (this.#receivedEndUs !== undefined) {
      const gapUs = startUs + this.#shiftUs - this.#endUs;
      const silentUs = Math.max(0, receivedUs - this.#receivedEndUs);
      if (gapUs < -CHAIN_OVERLAP_US || gapUs > silentUs + JUMP_US)
        this.#shiftUs = this.#endUs + silentUs - startUs;
    }
    this.#endUs = Math.max(this.#endUs, endUs + this.#shiftUs);
    this.#receivedEndUs = Math.max(this.#receivedEndUs ?? 0, receivedEndUs);
    return this.#shiftUs;
  }
}

function pieceOf(fragments: readonly StoredFragment[], shiftUs: number): Piece {
  const infos = fragments.map(({ info }) => info);
  const totals = new TotalsCounter();
  for (const fragment of fragments) totals.add(fragment);
  return {
    trackSetId: fragments[0]?.trackSetId ?? "",
    totals: totals.totals(),
    startUs: Math.min(...infos.map((info) => info.producedStartUs)),
    endUs: Math.max(...infos.map((info) => info.producedEndUs)),
    shiftUs,
    content: fragments,
  };
}
