/**
 * What may go of a stream: the rules, as values. The sweep and the dry run decide with this and nothing else.
 *
 * Age counts from the server time at which the last fragment of a pack began to arrive. A changed retention holds
 * for what is stored already, in both directions (KVS `UpdateDataRetention`). Size counts all packs of the stream, also
 * those that cannot go; the oldest that can go first, by the server time of their first fragment.
 */
import { Fault } from "../../base/errors.ts";
import type { OldPack } from "../index/fragment-index.ts";
import type { HoldRow } from "../index/index-ledger.ts";

/** Ten years. */
export const MAX_RETENTION_HOURS = 87_600;
/** The last ms of a Date: later than every pack. */
export const END_OF_TIME_MS = 8_640_000_000_000_000;
const HOUR_MS = 3_600_000;

export interface RetentionRules {
  /** 0 to `MAX_RETENTION_HOURS`; 0: live only, what is stored goes. */
  readonly retentionHours: number;
  /** Bytes; 0: no bound. */
  readonly retentionBytes: number;
}

/** A stretch of server time at which the clock is known to have been wrong: the packs of then are younger than they say. */
export interface Misdated {
  readonly fromMs: number;
  readonly toMs: number;
  /** When the clock was right again: age counts from then. */
  readonly rightMs: number;
}

export interface PolicyOptions {
  readonly rules: RetentionRules;
  readonly nowMs: number;
  readonly misdated?: readonly Misdated[];
}

export class Policy {
  /** Packs whose last fragment arrived before this are too old. */
  readonly cutoffMs: number;
  readonly #boundBytes: number;
  readonly #young: readonly Misdated[];

  constructor({ rules, nowMs, misdated = [] }: PolicyOptions) {
    this.cutoffMs =
      rules.retentionHours === 0 ? END_OF_TIME_MS : nowMs - rules.retentionHours * HOUR_MS;
    this.#boundBytes = rules.retentionBytes;
    this.#young = misdated.filter(({ rightMs }) => rightMs >= this.cutoffMs);
  }

  isOld({ receivedLastMs }: OldPack): boolean {
    const young = this.#young.some(
      ({ fromMs, toMs }) => receivedLastMs >= fromMs && receivedLastMs <= toMs,
    );
    return receivedLastMs < this.cutoffMs && !young;
  }

  /** How many bytes must go of so many; 0 or less: none. */
  excessBytes(storedBytes: number): number {
    return this.#boundBytes === 0 ? 0 : storedBytes - this.#boundBytes;
  }

  /** Names the misdated stretches that keep packs now: when it changes, packs passed over may have become old. */
  get youngKey(): string {
    return this.#young.map(({ fromMs, toMs }) => `${fromMs}-${toMs}`).join(" ");
  }
}

/** How many of these, from the first on, make up `bytes`. */
export function countFor(packs: readonly OldPack[], bytes: number): number {
  let sum = 0;
  let count = 0;
  for (const pack of packs) {
    if (sum >= bytes) break;
    sum += pack.bytes;
    count++;
  }
  return count;
}

type Span = Pick<OldPack, "producedStartUs" | "producedEndUs">;

/** Whether a hold that is in force at `atMs` overlaps the pack: the same rule as the index's own. */
export function isHeld(pack: Span, holds: readonly HoldRow[], atMs: number): boolean {
  return holds.some(
    ({ fromMs, toMs, untilMs }) =>
      (untilMs === undefined || untilMs > atMs) &&
      fromMs * 1000 < pack.producedEndUs &&
      toMs * 1000 > pack.producedStartUs,
  );
}

/** Throws `request.bad`. */
export function checkRules({ retentionHours, retentionBytes }: Partial<RetentionRules>): void {
  const whole = (value: number, max: number) =>
    Number.isSafeInteger(value) && value >= 0 && value <= max;
  if (retentionHours !== undefined && !whole(retentionHours, MAX_RETENTION_HOURS))
    throw new Fault("request.bad", `retention is 0 to ${MAX_RETENTION_HOURS} whole hours`);
  if (retentionBytes !== undefined && !whole(retentionBytes, Number.MAX_SAFE_INTEGER))
    throw new Fault("request.bad", "retentionBytes: a whole number, 0 for no bound");
}
