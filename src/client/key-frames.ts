/** Coded key frames of a range, one answer of the server after the other. docs/formats/keyframes.md. */
import { type KeyFrame, KeyFrameReader, type KeyFrameTrack } from "../fragment/key-frames.ts";
import { ApiError, type Connection } from "./connection.ts";
import type { Time } from "./types.ts";

/** Which key frames, on the producer's clock: from ≤ t < to, at most 24 h. */
export interface KeyFrameOptions {
  readonly from: Time;
  readonly to: Time;
  /** `backward`: the last one first. Default `forward`. */
  readonly direction?: "forward" | "backward";
  /** At least so far apart, ms. Default 0: every one. */
  readonly step?: number;
  readonly signal?: AbortSignal;
}

/** A picture that needs no other one, and how it is decoded. */
export type DecodableKeyFrame = KeyFrame & { readonly track: KeyFrameTrack };

/** Throws `ApiError`; `unreachable` when an answer breaks off. */
export async function* keyFrames(
  connection: Connection,
  path: string,
  { from, to, direction = "forward", step = 0, signal }: KeyFrameOptions,
): AsyncGenerator<DecodableKeyFrame> {
  const range = { from, to };
  for (;;) {
    const query = { ...range, direction, step };
    const { body } = await connection.ask(`${path}/keyframes`, { query, signal });
    const reader = new KeyFrameReader();
    let track: KeyFrameTrack | undefined;
    let end: { readonly nextMs?: number } | undefined;
    for await (const bytes of (body ?? []) as AsyncIterable<Uint8Array>) {
      for (const item of reader.push(bytes)) {
        if (item.kind === "track") track = item;
        else if (item.kind === "end") end = item;
        else if (track !== undefined) yield { ...item, track };
      }
    }
    if (end === undefined) throw new ApiError("unreachable", 0, "the key frames broke off");
    if (end.nextMs === undefined) return;
    range[direction === "forward" ? "from" : "to"] = end.nextMs;
  }
}
