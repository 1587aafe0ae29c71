/** PutMedia's request headers as values (KVS page PutMedia; every spelling real clients send). Pure. */
import { isoMillis } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";

export interface PutMediaRequest {
  readonly stream: string;
  readonly timecodeType: "ABSOLUTE" | "RELATIVE";
  /** Producer time of timecode 0, ns since the Unix epoch; 0 for ABSOLUTE. */
  readonly startNs: bigint;
  /** The client wants acks. */
  readonly acks: boolean;
  /** Ours: and ARCHIVED ones. */
  readonly archivedAcks: boolean;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Throws `request.bad`, `request.bad-time`, `stream.bad-name`. */
export function readPutMediaHeaders(headers: Headers): PutMediaRequest {
  const timecodeType = one(headers, "x-amzn-fragment-timecode-type") ?? "ABSOLUTE";
  if (timecodeType !== "ABSOLUTE" && timecodeType !== "RELATIVE")
    throw new Fault(
      "request.bad",
      `x-amzn-fragment-timecode-type: ABSOLUTE or RELATIVE, not ${timecodeType.slice(0, 40)}`,
    );
  const start = one(headers, "x-amzn-producer-start-timestamp");
  const userAgent = one(headers, "user-agent") ?? "";
  if (timecodeType === "RELATIVE" && start === undefined)
    throw new Fault("request.bad-time", "RELATIVE timecodes need x-amzn-producer-start-timestamp");
  const startNs = timecodeType === "ABSOLUTE" ? 0n : parseStart(start ?? "", userAgent);
  const acks = one(headers, "x-amzn-fragment-acknowledgment-required") !== "0";
  const archivedAcks = acks && one(headers, "x-streambank-acks") === "archived";
  return { stream: streamOf(headers), timecodeType, startNs, acks, archivedAcks };
}

function streamOf(headers: Headers): string {
  const name = one(headers, "x-amzn-stream-name");
  const arn = one(headers, "x-amzn-stream-arn");
  if ((name === undefined) === (arn === undefined))
    throw new Fault("request.bad", "exactly one of x-amzn-stream-name and x-amzn-stream-arn");
  if (name !== undefined) return name;
  const found = /^arn:[\w-]+:kinesisvideo:[\w-]*:\d*:stream\/([\w.-]{1,256})\/\d+$/.exec(arn ?? "");
  if (found?.[1] === undefined) throw new Fault("stream.bad-name", "not a stream ARN");
  return found[1];
}

/**
 * Seconds with or without a fraction, or ISO 8601. The C SDK writes `seconds.milliseconds` without
 * padding (`1700000000.3` is 3 ms), everyone else a decimal fraction; three digits are both.
 */
export function parseStart(text: string, userAgent: string): bigint {
  const found = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (found === null) return parseIso(text);
  const [, seconds = "0", fraction = ""] = found;
  const unpadded = fraction.length < 3 && userAgent.includes("AWS-SDK-KVS");
  const ns = unpadded ? BigInt(fraction || "0") * 1_000_000n : BigInt(fraction.padEnd(9, "0"));
  return BigInt(seconds) * 1_000_000_000n + ns;
}

function parseIso(text: string): bigint {
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;
  const ms = iso.test(text) ? isoMillis(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new Fault(
      "request.bad-time",
      `x-amzn-producer-start-timestamp: seconds since 1970 or ISO 8601, not ${text.slice(0, 40)}`,
    );
  return BigInt(ms) * 1_000_000n;
}

function one(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
