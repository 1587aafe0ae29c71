/** What the index remembers besides packs: holes and their causes, holds, who deleted what and why. */
import type { Micros, Millis } from "../../base/units.ts";
import type { GapCause, RecordedGap, RemovalCause } from "../../fragment/fragment.ts";

export type { GapCause, RemovalCause };

/**
 * A hole on the producer's clock, half open. One that touches or overlaps a hole of the same stream and cause is
 * merged with it: its detail is that of the later one.
 */
export interface NewGap extends RecordedGap {
  readonly stream: string;
}

export interface GapRow extends NewGap {
  readonly id: number;
}

/** A range on the producer's clock that nothing removes while it is in force. */
export interface HoldRow {
  /** Unique, of `A-Z a-z 0-9 _ -`. */
  readonly id: string;
  readonly stream: string;
  readonly fromMs: Millis;
  readonly toMs: Millis;
  readonly who: string;
  readonly why: string;
  readonly createdMs: Millis;
  /** In force before this; undefined: until it is ended. */
  readonly untilMs: Millis | undefined;
}

export interface Removal {
  readonly stream: string;
  readonly packIds: readonly string[];
  readonly cause: RemovalCause;
  /** `retention` or a person. */
  readonly who: string;
  readonly detail?: string;
  readonly atMs: Millis;
}

export interface RemovedPacks {
  readonly packIds: readonly string[];
  readonly bytes: number;
}

/** One thing that was done to what is stored. */
export interface AuditRow {
  readonly id: number;
  readonly atMs: Millis;
  /** `removed`, `stream-created`, `stream-changed`, `stream-deleted`, `hold-added`, `hold-ended`, … */
  readonly action: string;
  readonly stream: string;
  readonly who: string;
  readonly cause?: string;
  /** Of what was touched, producer's clock. */
  readonly startUs?: Micros;
  readonly endUs?: Micros;
  readonly packs?: number;
  readonly bytes?: number;
  readonly detail?: string;
}
