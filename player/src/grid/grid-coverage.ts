/** What is recorded by the cameras of a grid: each tile gets its own, the timeline that of all. */
import { Fault } from "../../../src/base/errors.ts";
import type { Api, CoverageWish } from "../api.ts";
import type { Coverage } from "../coverage-types.ts";
import type { GridTile } from "./grid-tile.ts";
import { mergeCoverage } from "./merged-coverage.ts";

/** Throws when nothing is known of any, and what `Api.coverage` throws when an answer would be too large. */
export async function loadCoverage(
  api: Api,
  tiles: readonly GridTile[],
  { wish, signal }: { wish: CoverageWish; signal: AbortSignal },
): Promise<Coverage> {
  const faults: unknown[] = [];
  const all = await Promise.all(
    tiles.map(async (tile) => {
      try {
        return await api.coverage(tile.stream, wish, signal);
      } catch (error) {
        faults.push(error);
        return undefined;
      }
    }),
  );
  const large = faults.find((f) => f instanceof Fault && f.code === "request.too-large");
  if (large !== undefined) throw large;
  if (faults.length > 0 && faults.length === tiles.length) throw faults[0];
  for (const [i, coverage] of all.entries())
    if (coverage !== undefined) tiles[i]?.setCoverage(coverage, wish);
  return mergeCoverage(all);
}
