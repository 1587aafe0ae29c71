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
  /** Of a stream's tracks: whether HLS and DASH carry it. */
  readonly hls: boolean;
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
  /** The other node that records it. */
  readonly node?: string;
  /** The producer that is connected to the server that answers, or was last since its start. */
  readonly producer?: {
    readonly protocol: string;
    readonly session: string;
    readonly sinceMs: number;
    readonly endedMs?: number;
    /** Numbers of its newest whole, and its newest durable fragment. */
    readonly received?: string;
    readonly persisted?: string;
    readonly error?: { readonly code: string; readonly message: string };
  };
  readonly viewers: number;
  /** Over the last ten seconds, while its producer is connected to the server that answers. */
  readonly rate?: {
    /** Pictures a second; of sound alone, packets. */
    readonly fps: number;
    /** 1000 bit/s of media. */
    readonly kbits: number;
  };
  readonly lastFrameMs?: number;
  readonly tracks?: readonly TrackView[];
  /** Producer's time of the oldest and newest archived media. */
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly bytes: number;
  /** The camera that the server pulls for it. */
  readonly source?: {
    readonly address: string;
    readonly state: string;
    readonly reason?: string;
  };
}

/** What a server is, and where it listens. */
export interface ServerInfo {
  readonly version: string;
  readonly timeMs: number;
  readonly startedMs: number;
  readonly auth: "on" | "off";
  /** Pushes have to show a key. */
  readonly pushKey: boolean;
  readonly tls: boolean;
  /** Missing: it takes none. */
  readonly rtmpPort?: number;
  readonly rtmpsPort?: number;
  readonly ffmpeg: {
    readonly found: boolean;
    readonly version?: string;
  };
  readonly defaults: {
    readonly retentionHours: number;
    readonly createMissing: boolean;
  };
  readonly store: "folder" | "s3";
  /** For those who manage the server. */
  readonly disk?: {
    readonly freeBytes: number;
    readonly totalBytes: number;
    /** Recording stops with less than this free. */
    readonly stopBytes: number;
    /** The oldest media goes with less than this free; 0: never. */
    readonly floorBytes: number;
  };
}

/** How a server did in ten seconds. */
export interface ServerSample {
  readonly atMs: number;
  /** 1000 bit/s of media received. */
  readonly kbits: number;
  /** From RECEIVED to PERSISTED, mean and longest, ms; missing when nothing was acked. */
  readonly ackMs?: number;
  readonly ackMaxMs?: number;
  readonly producers: number;
  readonly viewers: number;
  /** Of all streams; looked at once a minute. */
  readonly storedBytes: number;
  readonly freeBytes: number;
  /** Age of the oldest pack that is not in the object store yet; 0: all are. */
  readonly unarchivedMs: number;
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
  /** Where `buckets` were asked for: how much of each part is recorded. */
  readonly density?: {
    readonly bucketMs: number;
    readonly recordedMs: readonly number[];
    readonly sampled: boolean;
  };
}

/** A range that nothing removes. */
export interface Hold {
  readonly id: string;
  readonly stream: string;
  readonly from: number;
  readonly to: number;
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
  /** Whose the claim is, where callers are known. */
  readonly owner?: string;
}

/** A picture of a stream, or why there is none. */
export interface ImageItem {
  /** What was asked for. */
  readonly timeMs: number;
  readonly time: string;
  readonly error?: string;
  /** When it was shown. */
  readonly shownMs?: number;
  readonly contentType?: string;
  /** base64. */
  readonly content?: string;
}

/** How a picture is to be. */
export interface PictureStyle {
  readonly format?: "jpeg" | "png";
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  /** 1 to 100, of JPEG. */
  readonly quality?: number;
}

/** Something that happened; `data` by type (docs/reference/events.md). */
export interface BankEvent {
  readonly id: number;
  readonly type: string;
  readonly stream?: string;
  readonly timeMs: number;
  readonly time: string;
  readonly data: unknown;
}

/** What may be allowed. */
export type Action = "produce" | "read" | "manage";

/** An access key, without its secret. */
export interface AccessKey {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  readonly actions: readonly Action[];
  /** Names with `*` for any characters. */
  readonly streams: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly expiresMs?: number;
}

/** One that was just made: the secret is told this once. */
export interface NewAccessKey extends AccessKey {
  readonly secret: string;
  readonly token: string;
}

/** Somebody who signs in. */
export interface User {
  readonly name: string;
  readonly role: "viewer" | "operator" | "admin";
  readonly streams: string;
  readonly createdMs: number;
  readonly changedMs: number;
}

/** Who asks, and what they may do. */
export interface Session {
  readonly id: string;
  readonly actions: readonly Action[];
  readonly streams: string;
  /** Whether the server is managed by them. */
  readonly server: boolean;
  readonly signedIn: boolean;
  readonly expiresMs?: number;
}

/** A short token, for addresses. */
export interface SessionToken {
  readonly token: string;
  readonly expiresMs: number;
  /** The same for who signs (SigV4), as the AWS SDKs name it. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
}
