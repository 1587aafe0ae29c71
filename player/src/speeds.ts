/** Speeds of playback. Pure. Beyond 8 × the browser's decoder drops most pictures (measured with Chromium 156). */

/** Backwards when negative. What is not decoded whole is shown by key frames. */
export const speeds: readonly number[] = [
  ...[-64, -32, -16, -8, -4, -2, -1],
  ...[0.25, 0.5, 1, 1.5, 2, 4, 8],
  ...[16, 32, 64],
];

/** Too fast for a decoder, or backwards. */
export function byKeyframes(speed: number): boolean {
  return speed < 0 || speed > 8;
}

/** The next one to the left or right; the ends stay. */
export function speedAfter(now: number, by: -1 | 1): number {
  const at = speeds.indexOf(now);
  const from = at < 0 ? speeds.indexOf(1) : at;
  return speeds[Math.min(speeds.length - 1, Math.max(0, from + by))] ?? 1;
}

/** `16×`, `−4×`. */
export function speedText(speed: number): string {
  return `${speed < 0 ? "−" : ""}${Math.abs(speed)}×`;
}
