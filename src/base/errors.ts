/** One error type for everything a peer, a disk or an operator can do wrong. Bugs are `assert`ed. */

/** Every code a `Fault` can carry. Meaning, cause and cure of each: docs/reference/errors.md. */
export type FaultCode =
  // Matroska and EBML
  | "mkv.not-matroska"
  | "mkv.truncated"
  | "mkv.element-too-large"
  | "mkv.too-deep"
  | "mkv.bad-id"
  | "mkv.bad-size"
  | "mkv.child-overflow"
  | "mkv.bad-value"
  | "mkv.bad-block"
  | "mkv.bad-lacing"
  | "mkv.bad-crc"
  | "mkv.no-tracks"
  | "mkv.unknown-track"
  | "mkv.too-many-tracks"
  | "mkv.too-many-elements"
  // codecs and MP4
  | "codec.bad-config"
  | "codec.bad-payload"
  | "codec.unsupported"
  | "codec.no-config"
  // ingest
  | "ingest.bad-timestamp"
  | "ingest.busy"
  | "ingest.idle"
  | "ingest.fenced"
  | "ingest.replaced"
  // RTMP
  | "rtmp.bad-chunk"
  | "rtmp.bad-command"
  | "rtmp.too-large"
  // who may do what
  | "auth.required"
  | "auth.denied"
  | "auth.expired"
  | "auth.signature"
  | "auth.limited"
  // streams and requests
  | "stream.not-found"
  | "stream.exists"
  | "stream.bad-name"
  | "stream.deleted"
  | "stream.version-mismatch"
  | "stream.held"
  | "stream.no-retention"
  | "hold.not-found"
  | "hook.not-found"
  | "record.conflict"
  | "group.lost"
  | "key.not-found"
  | "user.not-found"
  | "user.exists"
  | "hook.too-many"
  | "node.not-found"
  | "events.too-many"
  | "request.bad"
  | "request.foreign-host"
  | "request.foreign-page"
  | "request.too-slow"
  | "request.bad-time"
  | "request.bad-range"
  | "request.range-not-satisfiable"
  | "request.no-route"
  | "request.no-media"
  | "request.too-large"
  | "request.busy"
  // pictures
  | "ffmpeg.missing"
  | "ffmpeg.failed"
  // sources that the server pulls
  | "source.not-found"
  | "source.bad-address"
  | "source.in-config"
  | "source.too-many"
  | "source.test-busy"
  | "source.bad-file"
  // storage
  | "store.unavailable"
  | "store.not-found"
  | "store.unreadable"
  | "store.full"
  | "store.corrupt"
  | "store.locked"
  | "store.conflict"
  | "index.unavailable"
  // start-up and settings
  | "config.bad"
  | "server.port-taken"
  | "server.closing"
  | "internal";

export interface FaultOptions {
  /** Byte offset in the input where the fault was noticed. */
  at?: number;
  cause?: unknown;
}

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  /** Byte offset in the input, when there is an input. */
  readonly at: number | undefined;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.at = options.at;
  }
}

/** For what comes, or still waits, when the server was told to stop. */
export function serverClosing(): Fault {
  return new Fault("server.closing", "the server is stopping");
}

/** Any thrown value as a `Fault`; what is not one becomes `internal` (or the given code) with its cause. */
export function asFault(error: unknown, code: FaultCode = "internal"): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Fault(code, message, { cause: error });
}
