/** What is recorded, as the server tells it. Times are ms since the Unix epoch. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Nothing is recorded here; `cause` as the server names it. */
export interface Gap extends Span {
  readonly cause?: string;
}

/** How much of each part is recorded, whatever gaps the ranges hide. */
export interface Density {
  readonly fromMs: number;
  readonly bucketMs: number;
  readonly recordedMs: readonly number[];
}

/** In order, not overlapping. */
export interface Coverage {
  readonly ranges: readonly Span[];
  readonly gaps: readonly Gap[];
  readonly density?: Density | undefined;
}
