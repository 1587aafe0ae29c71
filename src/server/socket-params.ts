/** What a WebSocket's query asks for, checked before the handshake. */
import { Fault } from "../base/errors.ts";
import type { Millis } from "../base/units.ts";
import { type Codecs, readCodecs } from "../play/tail/accepts.ts";
import {
  choice,
  free,
  type Parameter,
  type RawQuery,
  readQuery,
  time,
} from "./routes/parameters.ts";

export interface PutParams {
  readonly stream: string;
  /** RELATIVE: block times count from here. ABSOLUTE: 0. Nanoseconds since the Unix epoch. */
  readonly startNs: bigint;
  readonly create: boolean;
  /** ARCHIVED acks are wanted. */
  readonly archivedAcks: boolean;
}

export const PUT = {
  start: time(undefined, "from where block times count; default now"),
  timecode: choice(["RELATIVE", "ABSOLUTE"], "ABSOLUTE: block times count from 1970"),
  create: free("1 or true: make a stream that is missing"),
  acks: {
    schema: { type: "string", enum: ["archived"], description: "ARCHIVED acks, too" },
    read: (value, name) => {
      if (value === "archived") return true;
      throw new Fault("request.bad", `${name}: archived, not ${value.slice(0, 60)}`);
    },
    missing: () => false,
  } satisfies Parameter<boolean>,
} as const;

/** Throws `request.bad`, `request.bad-time`. A missing start is the server's time now. */
export function putParams(stream: string, query: RawQuery, now: Millis): PutParams {
  const { start = now, timecode, create = "", acks } = readQuery(PUT, query);
  const startNs = timecode === "ABSOLUTE" ? 0n : BigInt(start) * 1_000_000n;
  return { stream, startNs, create: ["1", "true"].includes(create), archivedAcks: acks };
}

export interface TailParams {
  readonly stream: string;
  readonly format: "frames" | "mkv" | "fmp4";
  /** Producer time to start at; live when missing. */
  readonly fromMs?: Millis;
  /** Frames of the archive may go together in one message. */
  readonly joined?: boolean;
  /** What the viewer can play. */
  readonly codecs?: Codecs;
}

export const TAIL = {
  format: choice(["frames", "mkv", "fmp4"], "what binary messages are"),
  from: time(undefined, "producer time to start at; without it: live"),
  codecs: free("what the viewer can play, as RFC 6381 has it"),
  joined: choice(["0", "1"], "1: frames of the archive may go together in one message"),
} as const;

/** Throws `request.bad`, `request.bad-time`. */
export function tailParams(stream: string, query: RawQuery): TailParams {
  const { format, from, codecs, joined } = readQuery(TAIL, query);
  if (joined === "1" && format === "frames")
    throw new Fault("request.bad", "joined: of fmp4 and mkv alone");
  return {
    ...{ stream, format, joined: joined === "1" },
    ...(from === undefined ? {} : { fromMs: from }),
    ...(codecs === undefined ? {} : { codecs: readCodecs(codecs) }),
  };
}
