/** How much a retention takes and how long the disk lasts, at the rate there is now. Pure. */
import { bytesText, spanText } from "./words.ts";

const DAY_MS = 86_400_000;

export interface Storage {
  /** Media that comes in now, 1000 bit/s. */
  readonly kbits: number;
  readonly retentionHours: number;
  /** Most bytes that are kept; 0: no bound. */
  readonly retentionBytes: number;
}

/** Bytes that a camera of this rate fills in this time. */
export function bytesIn(kbits: number, ms: number): number {
  return (kbits * ms) / 8;
}

/** What a stream will hold once it is full; undefined when nothing comes in. */
export function fullBytes({ kbits, retentionHours, retentionBytes }: Storage): number | undefined {
  if (kbits <= 0) return undefined;
  const byAge = bytesIn(kbits, retentionHours * 3_600_000);
  return retentionBytes > 0 ? Math.min(byAge, retentionBytes) : byAge;
}

/** One camera, in a sentence: `At this rate 7 days take 151 GB.` */
export function storageSentence(storage: Storage): string {
  const bytes = fullBytes(storage);
  if (storage.retentionHours === 0) return "Live only: nothing is kept.";
  if (bytes === undefined) return "No forecast while nothing comes in.";
  const age = spanText(storage.retentionHours * 3_600_000);
  const { retentionBytes } = storage;
  if (retentionBytes > 0 && bytes === retentionBytes) {
    const holds = spanText((retentionBytes * 8) / storage.kbits);
    return `At this rate its ${bytesText(bytes)} hold ${holds}, less than the ${age} it may keep.`;
  }
  return `At this rate ${age} ${age.startsWith("1 ") ? "takes" : "take"} ${bytesText(bytes)}.`;
}

export interface Disk {
  readonly freeBytes: number;
  /** Below this recording stops, or the oldest media goes. */
  readonly stopBytes: number;
}

/** How many days until the disk is full if nothing were removed; undefined when nothing comes in. */
export function diskDays(kbits: number, { freeBytes, stopBytes }: Disk): number | undefined {
  if (kbits <= 0) return undefined;
  return Math.max(0, freeBytes - stopBytes) / bytesIn(kbits, DAY_MS);
}

/** All cameras and the disk: what is still to come against what there is room for. */
export function diskSentence(
  streams: readonly (Storage & { readonly bytes: number })[],
  disk: Disk,
): string {
  const kbits = streams.reduce((sum, one) => sum + one.kbits, 0);
  const days = diskDays(kbits, disk);
  if (days === undefined) return "Nothing comes in at the moment.";
  const more = streams.reduce(
    (sum, one) => sum + Math.max(0, (fullBytes(one) ?? one.bytes) - one.bytes),
    0,
  );
  const room = Math.max(0, disk.freeBytes - disk.stopBytes);
  const holds = `The disk holds ${spanText(days * DAY_MS)} more of all cameras.`;
  const need = `What they may keep needs ${bytesText(more)} more; ${bytesText(room)} are free.`;
  return more <= room ? `${holds} ${need}` : `${holds} ${need} Shorten a retention, or add disk.`;
}
