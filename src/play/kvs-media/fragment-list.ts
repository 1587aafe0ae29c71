/** The body of GetMediaForFragmentList: these fragments, in the order of their numbers. */
import { Fault } from "../../base/errors.ts";
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import { formatFragmentNumber, parseFragmentNumber } from "../../fragment/fragment-number.ts";
import { resolve } from "../resolver.ts";
import { exceptionTags } from "./mini-mkv.ts";
import { storedMkv } from "./stored.ts";

/** Fragments further apart than this are looked for one by one. */
const NEAR = 64;

export interface FragmentListOptions {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly numbers: readonly string[];
  readonly signal: AbortSignal;
}

/** Of one that is not there, KVS's exception tags say so, and the others follow. Throws `request.bad` for what is no number. */
export async function* fragmentList(
  options: FragmentListOptions,
): AsyncGenerator<Uint8Array, undefined> {
  const { reader, signal } = options;
  const numbers = [...new Set(options.numbers)].sort();
  for await (const [number, stored] of found(options, numbers)) {
    const missing = () =>
      exceptionTags(number, "4000", "there is no fragment of this number in the stream");
    if (stored === undefined) {
      yield missing();
      continue;
    }
    try {
      yield* await storedMkv(reader, stored, { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Fault)) throw error;
      yield error.code === "store.not-found"
        ? missing()
        : exceptionTags(number, "5000", "it cannot be read now");
    }
  }
}

/** Each number with its fragment, if it is there. Neighbours are found in one walk. */
async function* found(
  { reader, stream, signal }: FragmentListOptions,
  numbers: readonly string[],
): AsyncGenerator<readonly [string, StoredFragment | undefined]> {
  let walk: AsyncGenerator<StoredFragment> | undefined;
  let at: StoredFragment | undefined;
  try {
    for (const number of numbers) {
      const { sequence } = parseFragmentNumber(number);
      const here = at?.info.number.sequence ?? Number.NEGATIVE_INFINITY;
      if (here < sequence - NEAR) {
        await walk?.return(undefined);
        walk = resolve({ reader, stream, signal }, { by: "number", sequence });
        at = (await walk.next()).value;
      }
      while (at !== undefined && at.info.number.sequence < sequence)
        at = (await walk?.next())?.value;
      const is = at !== undefined && formatFragmentNumber(at.info.number) === number;
      yield [number, is ? at : undefined];
    }
  } finally {
    await walk?.return(undefined);
  }
}
