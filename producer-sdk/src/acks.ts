/** What a server answers to pushed media: one JSON object a line (PutMedia of the KVS API). */

/** One answer of the server. */
export interface Ack {
  readonly type: "BUFFERING" | "RECEIVED" | "PERSISTED" | "ERROR" | "IDLE";
  /** The fragment's Cluster Timestamp as it was sent: here ms since the Unix epoch. */
  readonly timecodeMs: number | undefined;
  readonly fragmentNumber: string | undefined;
  /** With RECEIVED: the stream keeps nothing, no PERSISTED will follow. */
  readonly liveOnly: boolean;
  readonly errorId: number | undefined;
  readonly errorCode: string | undefined;
}

/** Longest ack line; a server that sends more is not one of ours. */
const MAX_LINE = 4096;

const TYPES = ["BUFFERING", "RECEIVED", "PERSISTED", "ERROR", "IDLE"] as const;

/** Splits pieces of the answer into acks. Unknown types, unknown keys and broken lines are passed over. */
export class AckReader {
  #rest = "";

  push(piece: string): Ack[] {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, MAX_LINE);
    return lines.map(ackOf).filter((ack) => ack !== undefined);
  }
}

function ackOf(line: string): Ack | undefined {
  if (line.trim() === "" || line.length > MAX_LINE) return undefined;
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  const type = TYPES.find((name) => name === fields?.EventType);
  if (type === undefined) return undefined;
  return {
    type,
    timecodeMs: typeof fields.FragmentTimecode === "number" ? fields.FragmentTimecode : undefined,
    fragmentNumber: typeof fields.FragmentNumber === "string" ? fields.FragmentNumber : undefined,
    liveOnly: fields.LiveOnly === true,
    errorId: typeof fields.ErrorId === "number" ? fields.ErrorId : undefined,
    errorCode: typeof fields.ErrorCode === "string" ? fields.ErrorCode : undefined,
  };
}
