/** Speeds of playback. Pure. Beyond 8 × the browser's decoder drops most pictures (measured with Chromium 156). */

export const speeds: readonly number[] = [0.25, 0.5, 1, 1.5, 2, 4, 8];

/** The next slower or faster one; the ends stay. */
export function speedAfter(now: number, by: -1 | 1): number {
  const at = speeds.indexOf(now);
  return speeds[Math.min(speeds.length - 1, Math.max(0, (at < 0 ? 2 : at) + by))] ?? 1;
}
