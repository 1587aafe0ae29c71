/**
 * The Tags element in front of every Cluster of a pack: the three names KVS consumers know, and
 * everything the index knows, so that the index can be rebuilt from packs alone (docs/formats/pack.md).
 */
import { Fault } from "../../base/errors.ts";
import { micros } from "../../base/units.ts";
import type { FragmentInfo, TrackTotals } from "../../fragment/fragment.ts";
import { parseFragmentNumber } from "../../fragment/fragment-number.ts";
import { identityTags, NUMBER_TAG } from "../../fragment/identity-tags.ts";
import type { SimpleTag } from "../../media/mkv/items.ts";

const FRAGMENT = "STREAMBANK_FRAGMENT";

export function fragmentTags(info: FragmentInfo, own: readonly SimpleTag[]): SimpleTag[] {
  return [...identityTags(info), { name: FRAGMENT, value: describe(info) }, ...own];
}

/** `startUs endUs seekable run session track:frames:keyframes:bytes,…` */
function describe(info: FragmentInfo): string {
  const totals = info.totals.map((t) => [t.track, t.frames, t.keyframes, t.payloadBytes].join(":"));
  const { producedStartUs, producedEndUs, seekable, run, session } = info;
  return [producedStartUs, producedEndUs, seekable ? 1 : 0, run, session, totals.join()].join(" ");
}

/** Throws `store.corrupt`. */
export function readFragmentTags(tags: readonly SimpleTag[], at: number): FragmentInfo {
  const value = (name: string) => tags.find((tag) => tag.name === name)?.value;
  const found = /^(-?\d+) (-?\d+) ([01]) (\d+) (\S+) ([\d:,]*)$/.exec(value(FRAGMENT) ?? "");
  const number = value(NUMBER_TAG);
  if (found === null || number === undefined)
    throw new Fault("store.corrupt", "a fragment without its description", { at });
  const [, start, end, seekable, run, session = "", totals = ""] = found;
  return {
    number: parseFragmentNumber(number),
    producedStartUs: micros(Number(start)),
    producedEndUs: micros(Number(end)),
    seekable: seekable === "1",
    session,
    run: Number(run),
    totals: totals === "" ? [] : totals.split(",").map(readTotal),
  };
}

function readTotal(text: string): TrackTotals {
  const [track = 0, frames = 0, keyframes = 0, payloadBytes = 0] = text.split(":").map(Number);
  return { track, frames, keyframes, payloadBytes };
}
