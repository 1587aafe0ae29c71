/** What went, for those who want to be told. */
import type { Micros, Millis } from "../../base/units.ts";
import type { RemovalCause, RemovedPacks } from "../index/index-ledger.ts";

/** One removal that is durable. */
export interface RemovedMedia {
  readonly stream: string;
  readonly cause: RemovalCause;
  /** `retention` or a person. */
  readonly who: string;
  /** Producer's clock, from the first to the last of what went. */
  readonly startUs: Micros;
  readonly endUs: Micros;
  readonly packs: number;
  readonly bytes: number;
  readonly atMs: Millis;
}

interface Asked {
  readonly packId: string;
  readonly producedStartUs: Micros;
  readonly producedEndUs: Micros;
}

/** Undefined when nothing went. */
export function removedMedia(
  { stream, cause, who, atMs }: Pick<RemovedMedia, "stream" | "cause" | "who" | "atMs">,
  asked: readonly Asked[],
  gone: RemovedPacks,
): RemovedMedia | undefined {
  const ids = new Set(gone.packIds);
  const went = asked.filter(({ packId }) => ids.has(packId));
  const [first] = went;
  if (first === undefined) return undefined;
  const startUs = went.reduce((a, b) => (b.producedStartUs < a.producedStartUs ? b : a), first);
  const endUs = went.reduce((a, b) => (b.producedEndUs > a.producedEndUs ? b : a), first);
  return {
    ...{ stream, cause, who, atMs },
    ...{ startUs: startUs.producedStartUs, endUs: endUs.producedEndUs },
    ...{ packs: went.length, bytes: gone.bytes },
  };
}
