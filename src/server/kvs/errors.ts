/** Faults in KVS's words: an exception's name, a status, a message. */
import { Fault, type FaultCode } from "../../base/errors.ts";

export interface KvsError {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

const BAD = "InvalidArgumentException";

/** Those not here are InvalidArgumentException. */
const EXCEPTIONS: Partial<Record<FaultCode, readonly [status: number, type: string]>> = {
  "stream.not-found": [404, "ResourceNotFoundException"],
  "request.no-media": [404, "ResourceNotFoundException"],
  "store.not-found": [404, "ResourceNotFoundException"],
  "stream.exists": [400, "ResourceInUseException"],
  "stream.held": [400, "ResourceInUseException"],
  "stream.version-mismatch": [400, "VersionMismatchException"],
  "record.conflict": [400, "ResourceInUseException"],
  "auth.required": [403, "MissingAuthenticationToken"],
  "auth.denied": [401, "AccessDeniedException"],
  "auth.expired": [400, "RequestExpired"],
  "auth.signature": [403, "InvalidSignatureException"],
  "auth.limited": [400, "ThrottlingException"],
  "request.too-large": [400, "ClientLimitExceededException"],
  "codec.no-config": [400, "MissingCodecPrivateDataException"],
  "codec.bad-config": [400, "InvalidCodecPrivateDataException"],
  "codec.bad-payload": [400, "InvalidMediaFrameException"],
  "stream.no-retention": [400, "NoDataRetentionException"],
  "request.busy": [503, "ServiceUnavailable"],
  "ffmpeg.missing": [503, "ServiceUnavailable"],
  "ffmpeg.failed": [500, "InternalFailure"],
  "codec.unsupported": [400, "UnsupportedStreamMediaTypeException"],
  "ingest.busy": [400, "ResourceInUseException"],
  "server.closing": [503, "ServiceUnavailable"],
  "store.unavailable": [503, "ServiceUnavailable"],
  "index.unavailable": [503, "ServiceUnavailable"],
  "store.unreadable": [500, "InternalFailure"],
  "store.full": [503, "ServiceUnavailable"],
  internal: [500, "InternalFailure"],
};

/** A fault that KVS has its own name for: thrown by operations. */
export class KvsFault extends Fault {
  readonly error: KvsError;

  constructor(type: string, message: string, status = 400) {
    super("request.bad", message);
    this.error = { status, type, message };
  }
}

export function kvsError(fault: Fault): KvsError {
  if (fault instanceof KvsFault) return fault.error;
  const [status, type] = EXCEPTIONS[fault.code] ?? [400, BAD];
  // What went wrong inside is for the log.
  return { status, type, message: status >= 500 ? "try again" : fault.message };
}
