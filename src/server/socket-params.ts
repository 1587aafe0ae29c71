/** What a WebSocket's query asks for, checked before the handshake. */
import { Fault } from "../base/errors.ts";
import type { Millis } from "../base/units.ts";
import { type Codecs, readCodecs } from "../play/tail/accepts.ts";
import { parseTime } from "../play/time.ts";
import { type RawQuery, refuseOthers, text } from "./routes/query.ts";

export interface PutParams {
  readonly stream: string;
  /** RELATIVE: block times count from here. ABSOLUTE: 0. Nanoseconds since the Unix epoch. */
  readonly startNs: bigint;
  readonly create: boolean;
  /** ARCHIVED acks are wanted. */
  readonly archivedAcks: boolean;
}

/** Throws `request.bad`, `request.bad-time`. A missing start is the server's time now. */
export function putParams(stream: string, query: RawQuery, now: Millis): PutParams {
  refuseOthers(query, ["start", "timecode", "create", "acks"]);
  const timecodeType = text(query, "timecode") ?? "RELATIVE";
  if (timecodeType !== "RELATIVE" && timecodeType !== "ABSOLUTE")
    throw new Fault("request.bad", `timecode: RELATIVE or ABSOLUTE, not ${timecodeType}`);
  const start = text(query, "start");
  const create = ["1", "true"].includes(text(query, "create") ?? "");
  const startMs = start === undefined ? now : parseTime(start);
  const startNs = timecodeType === "ABSOLUTE" ? 0n : BigInt(startMs) * 1_000_000n;
  const acks = text(query, "acks");
  if (acks !== undefined && acks !== "archived")
    throw new Fault("request.bad", `acks: archived, not ${acks}`);
  return { stream, startNs, create, archivedAcks: acks === "archived" };
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

/** Throws `request.bad`, `request.bad-time`. */
export function tailParams(stream: string, query: RawQuery): TailParams {
  refuseOthers(query, ["format", "from", "codecs", "joined"]);
  const format = text(query, "format") ?? "frames";
  if (format !== "frames" && format !== "mkv" && format !== "fmp4")
    throw new Fault("request.bad", `format: frames, mkv or fmp4, not ${format}`);
  const from = text(query, "from");
  const codecs = text(query, "codecs");
  const joined = text(query, "joined");
  if (joined !== undefined && (joined !== "1" || format === "frames"))
    throw new Fault("request.bad", "joined: 1, of fmp4 and mkv");
  return {
    ...{ stream, format },
    ...(from === undefined ? {} : { fromMs: parseTime(from) }),
    ...(joined === undefined ? {} : { joined: true }),
    ...(codecs === undefined ? {} : { codecs: readCodecs(codecs) }),
  };
}
