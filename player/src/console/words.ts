/** Figures and states in words. Pure. */
import type { StreamView } from "./api.ts";

const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB"] as const;

/** Powers of 1000: `0 bytes`, `950 KB`, `1.2 GB`, `37 GB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const shown = unit > 1 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${shown} ${UNITS[unit]}`;
}

/** `800 kbit/s`, `2.4 Mbit/s`. */
export function bitsText(kbits: number): string {
  if (kbits < 999.5) return `${Math.round(kbits)} kbit/s`;
  return `${(kbits / 1000).toFixed(kbits < 99_950 ? 1 : 0)} Mbit/s`;
}

const SPANS = [
  [365 * 86_400, "year"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
] as const;

/** The largest unit that is there at least twice, rounded: `90 seconds`, `3 hours`, `1 day`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  for (const [size, name] of SPANS) {
    const count = Math.round(seconds / size);
    const exact = seconds === size;
    if (exact || seconds >= 2 * size || size === 1)
      return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "0 seconds";
}

/** How long media is kept, from hours: `7 days`, `live only`. */
export function keptText(hours: number): string {
  return hours === 0 ? "live only, nothing kept" : spanText(hours * 3_600_000);
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  "put-media": "KVS producer",
  websocket: "SDK or webcam",
  rtmp: "RTMP encoder",
  source: "IP camera",
};

/** What sends, or sent last. */
export function producerText({
  producer,
  source,
}: Pick<StreamView, "producer" | "source">): string {
  if (source !== undefined) return "IP camera";
  if (producer === undefined) return "nothing yet";
  return PROTOCOLS[producer.protocol] ?? producer.protocol;
}

export type Condition = "live" | "offline" | "new";

export interface StateWords {
  readonly condition: Condition;
  readonly text: string;
  /** Why, where that is known. */
  readonly reason?: string;
}

/** `dayTime`: the time as the page writes it. */
export function stateText(stream: StreamView, dayTime: (ms: number) => string): StateWords {
  if (stream.live) return { condition: "live", text: "LIVE" };
  const { source, producer } = stream;
  const why = source?.reason ?? producer?.error?.message;
  const reason = why === undefined ? {} : { reason: why };
  const since = stream.lastFrameMs ?? stream.lastMs;
  if (since === undefined) return { condition: "new", text: "No picture yet", ...reason };
  return { condition: "offline", text: `OFFLINE since ${dayTime(since)}`, ...reason };
}

const CODECS: readonly (readonly [RegExp, string])[] = [
  [/AVC/, "H.264"],
  [/HEVC/, "H.265"],
  [/AV1/, "AV1"],
  [/VP9/, "VP9"],
  [/VP8/, "VP8"],
  [/AAC/, "AAC"],
  [/OPUS/, "Opus"],
  [/MPEG\/L3/, "MP3"],
  [/MS\/ACM/, "G.711"],
];

interface Described {
  readonly type: string;
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
}

/** `H.264 1280×720`, `AAC 48 kHz`. */
export function trackText({ codec, width, height, sampleRate }: Described): string {
  const name = CODECS.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
  if (width !== undefined && height !== undefined) return `${name} ${width}×${height}`;
  return sampleRate === undefined ? name : `${name} ${sampleRate / 1000} kHz`;
}

/** Of a list of names: a pattern, `*` standing for any characters. */
export function matches(pattern: string, name: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(name);
}
