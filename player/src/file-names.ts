/** Names of downloads, and sizes in words. Pure. */
import { fieldText } from "./civil.ts";
import { zoneOffsetMs } from "./time-text.ts";

/** `camera_2026-11-22T22-24-00+0100.mp4`: colons are not allowed in file names everywhere. */
export function fileName(
  stream: string,
  { ms, ending, zone }: { ms: number; ending: string; zone: string | undefined },
): string {
  const minutes = zoneOffsetMs(ms, zone) / 60_000;
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}${two(Math.abs(minutes) % 60)}`;
  return `${stream}_${fieldText(ms, zone).replaceAll(":", "-")}${offset}.${ending}`;
}

export function sizeText(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} KB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
