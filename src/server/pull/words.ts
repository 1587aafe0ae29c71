/** Why a camera gives nothing, in words for an answer or a log. Pure. */
import { redact } from "../../../producer-sdk/src/node/reason.ts";

/** Without what is secret in the address; with what to do where ffmpeg is missing. */
export function reasonWords(reason: string, url: string): string {
  if (/^ffmpeg is not installed/.test(reason))
    return "ffmpeg is not installed on the server, or not on its PATH; install it (Debian, Ubuntu: apt-get install ffmpeg)";
  // A camera that goes away in an orderly manner is the end of its file to ffmpeg.
  return redact(reason, url).replace("ffmpeg ended with code 0", "the camera ended the connection");
}
