/**
 * GetClip (API_reader_GetClip.html): a plain MP4 of the fragments that start in a range. What is chosen and refused is
 * `src/play/clip/kvs-clip.ts`; here are the input's rules and the answer.
 */
import { Fault } from "../../base/errors.ts";
import { sendClip } from "../../play/clip/http.ts";
import { planKvsClip } from "../../play/clip/kvs-clip.ts";
import type { StreamOperation } from "./context.ts";
import { epochMs } from "./timestamps.ts";

export interface GetClipInput {
  readonly ClipFragmentSelector: {
    readonly FragmentSelectorType: "PRODUCER_TIMESTAMP" | "SERVER_TIMESTAMP";
    /** Epoch seconds, both inclusive. */
    readonly TimestampRange: { readonly StartTimestamp: number; readonly EndTimestamp: number };
  };
}

const DAY_MS = 86_400_000;

/** Answers with `video/mp4` itself. Throws before that: `request.bad-time`, `stream.no-retention`, as `planKvsClip`. */
export const getClip: StreamOperation<GetClipInput, undefined> = async (input, context) => {
  const { FragmentSelectorType: type, TimestampRange: range } = input.ClipFragmentSelector;
  const { parts, stream } = context;
  const clock = type === "SERVER_TIMESTAMP" ? "server" : "producer";
  const [fromMs, toMs] = [epochMs(range.StartTimestamp), epochMs(range.EndTimestamp)];
  if (toMs <= fromMs)
    throw new Fault("request.bad-time", "EndTimestamp must be later than StartTimestamp");
  if (toMs - fromMs > DAY_MS) throw new Fault("request.bad-time", "a clip spans at most 24 hours");
  if (clock === "server" && toMs > parts.clock.now())
    throw new Fault("request.bad-time", "EndTimestamp of SERVER_TIMESTAMP must be in the past");
  if (stream.retentionHours === 0)
    throw new Fault("stream.no-retention", `${stream.name} keeps nothing`);
  const plan = await planKvsClip({
    ...{ reader: parts.reader, stream: stream.name, clock, fromMs, toMs },
  });
  // What it is made of does not go while it is sent.
  const { firstUs: fromUs, lastUs: toUs } = plan;
  const lease = parts.retention.leases.takeRange({ stream: stream.name, fromUs, toUs });
  try {
    await sendClip(context.request, context.response, { ...plan, contentType: "video/mp4" });
  } finally {
    lease.release();
  }
  return undefined;
};
