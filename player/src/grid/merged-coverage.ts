/** What several cameras have recorded, on one line: strong where all have, weak where few do. Pure. */
import type { Coverage, Density, Span } from "../coverage-types.ts";

/** Of all given; a camera that is not known (`undefined`) counts as one that has recorded nothing. */
export function mergeCoverage(all: readonly (Coverage | undefined)[]): Coverage {
  const known = all.filter((coverage) => coverage !== undefined);
  const ranges = union(known.flatMap((coverage) => coverage.ranges));
  // Where none has recorded; why is said by each camera.
  return { ranges, gaps: [], density: mean(known, all.length) };
}

/** Any spans, as spans in order that do not touch. */
export function union(spans: readonly Span[]): Span[] {
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last === undefined || from > last.to) out.push({ from, to });
    else last.to = Math.max(last.to, to);
  }
  return out;
}

function mean(known: readonly Coverage[], count: number): Density | undefined {
  const parts = known.map(({ density }) => density).filter((density) => density !== undefined);
  const [first] = parts;
  if (first === undefined || parts.length < known.length) return undefined;
  const isSame = ({ fromMs, bucketMs }: Density) =>
    fromMs === first.fromMs && bucketMs === first.bucketMs;
  if (!parts.every(isSame)) return undefined;
  const recordedMs = first.recordedMs.map(
    (_, i) => parts.reduce((sum, part) => sum + (part.recordedMs[i] ?? 0), 0) / count,
  );
  return { fromMs: first.fromMs, bucketMs: first.bucketMs, recordedMs };
}
