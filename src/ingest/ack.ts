/** Acks as KVS sends them: JSON objects, one a line (docs/formats/acks.md). Pure. */
import type { Fault, FaultCode } from "../base/errors.ts";

/**
 * ErrorIds of PutMedia that we send (KVS page PutMedia, "FragmentAcknowledgment"). Of the others docs/formats/acks.md says why
 * they cannot happen here.
 */
export const ACK_ERRORS = {
  4001: "MAX_FRAGMENT_SIZE_REACHED",
  4006: "INVALID_MKV_DATA",
  4007: "INVALID_PRODUCER_TIMESTAMP",
  4008: "STREAM_NOT_ACTIVE",
  4010: "TRACK_NUMBER_MISMATCH",
  4012: "MORE_THAN_ALLOWED_TRACKS_FOUND",
  5000: "INTERNAL_ERROR",
  5001: "ARCHIVAL_ERROR",
  // Ours: KVS asks who it is before the body, and never again.
  6001: "NOT_AUTHORIZED",
} as const;

export type AckErrorId = keyof typeof ACK_ERRORS;

export type Ack =
  | {
      readonly type: "BUFFERING" | "RECEIVED" | "PERSISTED";
      /** The Cluster's Timestamp as the producer sent it, in its ticks. */
      readonly timecode: number;
      readonly number: string;
      /** With RECEIVED: the stream keeps nothing, so this is the last ack of the fragment (ours, KVS has no such key). */
      readonly liveOnly?: boolean;
    }
  /** Ours, for those who asked for it: the pack of this fragment is verified in the object store. */
  | { readonly type: "ARCHIVED"; readonly number: string }
  /** `number`: the highest one that is PERSISTED. */
  | { readonly type: "IDLE"; readonly number: string | undefined }
  | {
      readonly type: "ERROR";
      readonly id: AckErrorId;
      readonly timecode: number | undefined;
      readonly number: string | undefined;
      readonly code: FaultCode;
      readonly message: string;
      /** Byte offset in the body. */
      readonly at: number | undefined;
    };

/** One JSON object and a newline. Keys KVS does not know are ignored by its parsers. */
export function ackLine(ack: Ack): string {
  return `${JSON.stringify(ackBody(ack))}\n`;
}

function ackBody(ack: Ack): Record<string, unknown> {
  switch (ack.type) {
    case "IDLE":
      return {
        EventType: "IDLE",
        ...(ack.number === undefined ? {} : { FragmentNumber: ack.number }),
      };
    case "ARCHIVED":
      return { EventType: "ARCHIVED", FragmentNumber: ack.number };
    case "ERROR":
      return {
        EventType: "ERROR",
        // The C parser takes no negative timecodes and no empty numbers: unknown ones are left out.
        ...(ack.timecode === undefined ? {} : { FragmentTimecode: ack.timecode }),
        ...(ack.number === undefined ? {} : { FragmentNumber: ack.number }),
        ErrorId: ack.id,
        ErrorCode: ACK_ERRORS[ack.id],
        Code: ack.code,
        ErrorMessage: ack.message.slice(0, 300),
        ...(ack.at === undefined ? {} : { Offset: ack.at }),
      };
    default:
      return {
        EventType: ack.type,
        FragmentTimecode: ack.timecode,
        FragmentNumber: ack.number,
        ...(ack.liveOnly ? { LiveOnly: true } : {}),
      };
  }
}

/** Which ErrorId tells a producer of this fault. Ids that stop KVS producers for good are kept for that. */
export function ackErrorId(fault: Fault): AckErrorId {
  const exact: Partial<Record<FaultCode, AckErrorId>> = {
    "mkv.unknown-track": 4010,
    "mkv.too-many-tracks": 4012,
    "mkv.element-too-large": 4001,
    "ingest.bad-timestamp": 4007,
    "stream.deleted": 4008,
    "stream.not-found": 4008,
  };
  const id = fault.code.startsWith("auth.") ? 6001 : exact[fault.code];
  if (id !== undefined) return id;
  if (fault.code.startsWith("mkv.") || fault.code.startsWith("codec.")) return 4006;
  if (fault.code.startsWith("store.") || fault.code.startsWith("index.")) return 5001;
  return 5000;
}
