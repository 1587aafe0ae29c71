/** What an S3 client's errors mean here. Never repeats a header or an address with a signature in it. */
import { Fault, type FaultCode } from "../../base/errors.ts";

const MISSING = new Set(["NoSuchKey", "NotFound"]);
const FULL = new Set(["QuotaExceeded", "InsufficientStorage", "XMinioStorageFull"]);
/** Answers that stay the same until somebody changes a setting. */
const REFUSED = new Set([
  "AccessDenied",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "RequestTimeTooSkewed",
  "AuthorizationHeaderMalformed",
  "MovedPermanently",
  "TemporaryRedirect",
  "NoSuchBucket",
]);

export interface S3Trouble {
  readonly code: string;
  readonly message: string;
}

export function s3Trouble(error: unknown): S3Trouble {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    code: typeof code === "string" ? code : "",
    message: typeof message === "string" && message !== "" ? message : String(code),
  };
}

/** True when the answer was that there is no such object. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(s3Trouble(error).code);
}

/** The request asked for bytes past the object's end. */
export function isPastEnd(error: unknown): boolean {
  return s3Trouble(error).code === "InvalidRange";
}

/** True when asking again would give the same: keys, bucket, region, clock. */
export function isRefusal(error: unknown): boolean {
  return REFUSED.has(s3Trouble(error).code);
}

/** `store.not-found`, `store.full`, else `store.unavailable`: a refusal in the middle of work may pass. */
export function s3Fault(error: unknown, what: string): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = s3Trouble(error);
  const faultCode: FaultCode = MISSING.has(code)
    ? "store.not-found"
    : FULL.has(code)
      ? "store.full"
      : "store.unavailable";
  const words = code === "" || message.includes(code) ? message : `${code} ${message}`;
  return new Fault(faultCode, `${what}: ${words}`, { cause: error });
}
