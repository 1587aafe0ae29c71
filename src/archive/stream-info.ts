/** What a stream may be called and how long it may keep (KVS rules). */
import { randomBytes } from "node:crypto";
import { Fault } from "../base/errors.ts";
import type { Millis } from "../base/units.ts";
import type { StreamCatalogue, StreamInfo } from "../fragment/fragment.ts";
import { isStreamName } from "../fragment/stream-name.ts";

const MAX_RETENTION_HOURS = 87_600;

/** Throws `stream.bad-name`, `request.bad`. */
export function newStream(
  options: Parameters<StreamCatalogue["create"]>[0],
  createdMs: Millis,
): StreamInfo {
  const { name, retentionHours, retentionBytes = 0, mediaType, attributes } = options;
  if (!isStreamName(name))
    throw new Fault(
      "stream.bad-name",
      `a stream name is 1 to 256 of A-Z a-z 0-9 _ . - and not only dots: ${name.slice(0, 80)}`,
    );
  if (
    !Number.isInteger(retentionHours) ||
    retentionHours < 0 ||
    retentionHours > MAX_RETENTION_HOURS
  )
    throw new Fault("request.bad", `retention is 0 to ${MAX_RETENTION_HOURS} whole hours`);
  const version = randomBytes(10).toString("hex");
  return {
    name,
    createdMs,
    retentionHours,
    retentionBytes,
    version,
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(attributes === undefined ? {} : { attributes }),
  };
}
