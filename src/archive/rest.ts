/** What is left of a fragment when its beginning is stored already: a camera's connection broke in the middle of it. */
import { micros } from "../base/units.ts";
import type { SealedFragment, StoredFragment, TrackTotals } from "../fragment/fragment.ts";
import { scanBlocks } from "../media/mkv/block-scan.ts";

/**
 * The blocks of `whole` after those of `begun`, whose bytes are known to be the same. It belongs to the session and run
 * of the beginning, so that whoever starts in it is led back to the key frame there. Throws `mkv.bad-block`.
 */
export function restOf(whole: SealedFragment, begun: StoredFragment): SealedFragment {
  const { trackSet, clusterNs, tags, info } = whole;
  const blocks = whole.blocks.slice(begun.blocksSize);
  const ticks = scanBlocks(blocks.toBytes()).map(({ relativeTicks }) => relativeTicks);
  const startNs = clusterNs + BigInt(Math.min(...ticks)) * BigInt(trackSet.timestampScaleNs);
  return {
    ...{ trackSet, clusterNs, tags, blocks },
    info: {
      ...info,
      producedStartUs: micros(Number(startNs / 1000n)),
      seekable: !trackSet.tracks.some(({ type }) => type === "video"),
      session: begun.info.session,
      run: begun.info.run,
      totals: difference(info.totals, begun.info.totals),
    },
  };
}

function difference(all: readonly TrackTotals[], begun: readonly TrackTotals[]): TrackTotals[] {
  const left = all.map((of) => {
    const before = begun.find(({ track }) => track === of.track);
    if (before === undefined) return of;
    return {
      track: of.track,
      frames: of.frames - before.frames,
      keyframes: of.keyframes - before.keyframes,
      payloadBytes: of.payloadBytes - before.payloadBytes,
    };
  });
  return left.filter(({ frames }) => frames > 0);
}
