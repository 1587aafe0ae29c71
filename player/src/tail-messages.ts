/** Text messages of the tail socket as values (docs/formats/tail.md). Unknown types and keys are passed over. */

export interface TailConfig {
  readonly type: "config";
  /** For `MediaSource.addSourceBuffer`. */
  readonly mime: string;
  /** Media time 0, µs since the Unix epoch. */
  readonly originUs: number;
  /** A track of this kind is carried. */
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
  /** Tracks that cannot be carried in MP4, by their codec. */
  readonly leftOut: readonly string[];
}

export type TailMessage =
  | TailConfig
  | { readonly type: "live" }
  | { readonly type: "offline"; readonly sinceMs: number | undefined }
  | { readonly type: "lost"; readonly frames: number }
  | { readonly type: "time"; readonly serverNowMs: number }
  | {
      readonly type: "error";
      readonly code: string;
      readonly message: string;
      /** What this browser said it cannot play; empty for other errors. */
      readonly codecs: readonly string[];
    };

type Fields = Readonly<Record<string, unknown>>;

export function readTailMessage(text: string): TailMessage | undefined {
  let fields: Fields;
  try {
    fields = JSON.parse(text) as Fields;
  } catch {
    return undefined;
  }
  switch (fields?.type) {
    case "config":
      return config(fields);
    case "live":
      return { type: "live" };
    case "offline":
      return { type: "offline", sinceMs: number(fields.sinceMs) };
    case "lost":
      return { type: "lost", frames: number(fields.frames) ?? 0 };
    case "time": {
      const serverNowMs = number(fields.serverNowMs);
      return serverNowMs === undefined ? undefined : { type: "time", serverNowMs };
    }
    case "error":
      return {
        type: "error",
        code: String(fields.code),
        message: String(fields.message),
        codecs: Array.isArray(fields.codecs) ? fields.codecs.map(String) : [],
      };
    default:
      return undefined;
  }
}

function config(fields: Fields): TailConfig | undefined {
  const originUs = number(fields.originUs);
  if (typeof fields.mime !== "string" || originUs === undefined) return undefined;
  const tracks = Array.isArray(fields.tracks) ? (fields.tracks as Fields[]) : [];
  const carried = tracks.filter((track) => track.carried !== false);
  return {
    type: "config",
    mime: fields.mime,
    originUs,
    hasAudio: carried.some((track) => track.type === "audio"),
    hasVideo: carried.some((track) => track.type === "video"),
    leftOut: tracks.filter((track) => track.carried === false).map((t) => String(t.codec)),
  };
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
