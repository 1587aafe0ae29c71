/** One frame of the `frames` tail as a JSON line: what it is, without its payload. */
import { Fault } from "../../base/errors.ts";
import { readFrameMessage } from "../../live/encoders/frames-encoder.ts";

/** Throws `request.bad` for a message that is not a frame. */
export function frameLine(message: Uint8Array): string {
  const frame = readFrameMessage(message);
  if (frame === undefined) throw new Fault("request.bad", "the server sent what is not a frame");
  const { track, key, timeUs, receivedMs, sequence, payload } = frame;
  const fields = { track, key, timeMs: timeUs / 1000, receivedMs, sequence, bytes: payload.length };
  return JSON.stringify(fields);
}
