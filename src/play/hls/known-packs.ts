/**
 * In which pack a fragment is: a player that asks for one segment after the other has each of them looked up by one row of the
 * index instead of a search by time. Which fragments that pack has is read every time, so that what was deleted is not found.
 */
import { Fault } from "../../base/errors.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import type { Walk } from "../walk.ts";
import { type FragmentPlace, fragmentAt, isAt } from "./lists.ts";

/** Fragments whose pack is remembered; with more, all are looked up anew. */
const MOST = 10_000;

export class KnownPacks {
  readonly #packs = new Map<string, string>();

  /** The fragment of this number. Throws `request.no-media`, `stream.not-found`. */
  async fragmentAt(walk: Walk, at: FragmentPlace): Promise<StoredFragment> {
    const name = `${walk.stream} ${at.sequence} ${at.receivedMs}`;
    const packId = this.#packs.get(name);
    const known = packId === undefined ? undefined : await inPack(walk, packId, at);
    if (known !== undefined) return known;
    const found = await fragmentAt(walk, at);
    if (this.#packs.size >= MOST) this.#packs.clear();
    this.#packs.set(name, found.packId);
    return found;
  }
}

/** Undefined: the pack is gone, or has it no more. */
async function inPack(
  { reader, stream }: Walk,
  packId: string,
  at: FragmentPlace,
): Promise<StoredFragment | undefined> {
  try {
    return (await reader.fragments(stream, packId)).findLast((one) => isAt(one, at));
  } catch (error) {
    if (error instanceof Fault && error.code === "store.not-found") return undefined;
    throw error;
  }
}
