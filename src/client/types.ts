/** What the native API answers (docs/reference/http.md). Times are ms since the Unix epoch. */

/** Which clock times are on. */
export type ClockName = "producer" | "server";
/** ISO 8601 or ms since the Unix epoch. */
export type Time = string | number;

/** An elementary stream. */
export interface TrackView {
  readonly number: number;
  readonly type: string;
  /** Matroska CodecID. */
  readonly codec: string;
  /** RFC 6381. */
  readonly codecString?: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
}

/** A stream, and what is known of it now. */
export interface Stream {
  readonly name: string;
  readonly createdMs: number;
  /** 0: live only. */
  readonly retentionHours: number;
  /** 0: no bound. */
  readonly retentionBytes: number;
  /** Changes with every change of the stream. */
  readonly version: string;
  readonly mediaType?: string;
  readonly live: boolean;
  readonly viewers: number;
  readonly lastFrameMs?: number;
  readonly tracks?: readonly TrackView[];
  /** Producer's time of the oldest and newest archived media. */
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly bytes: number;
}

/** What of a stream can be set. */
export interface StreamSettings {
  readonly retentionHours?: number;
  readonly retentionBytes?: number;
  readonly mediaType?: string;
}

/** Half open: from ≤ t < to; what is missing is not bounded. */
export interface Range {
  readonly from?: Time;
  readonly to?: Time;
  /** Default `producer`. */
  readonly clock?: ClockName;
}

/** A fragment in a list. */
export interface FragmentItem {
  /** 47-digit decimal; a token that reading goes on after. */
  readonly number: string;
  readonly producerMs: number;
  readonly serverMs: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly seekable: boolean;
  readonly session: string;
  readonly run: number;
}

/** Where there is media, and why there is none between. */
export interface Coverage {
  readonly ranges: readonly {
    readonly from: number;
    readonly to: number;
    readonly fragments: number;
    readonly bytes: number;
  }[];
  readonly gaps: readonly {
    readonly from: number;
    readonly to: number;
    readonly cause: string;
    readonly detail?: string;
    /** No media has come since, and no producer is connected: it ends where you asked. */
    readonly open?: true;
  }[];
}

/** A range that nothing removes. */
export interface Hold {
  readonly id: string;
  readonly stream: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly who: string;
  readonly why: string;
  readonly createdMs: number;
  readonly untilMs?: number;
}

/** Where a group of consumers is in a stream. */
export interface GroupPlace {
  readonly stream: string;
  readonly consumer?: string;
  readonly untilMs?: number;
  readonly token?: string;
  readonly doneMs?: number;
}
