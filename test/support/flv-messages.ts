/** Bodies of RTMP's audio and video messages, written out by hand. */
import { AAC_CONFIG, AVCC } from "./codec-samples.ts";
import { hex } from "./hex.ts";

const message = (head: readonly number[], body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(head), body]);

/** Composition times are signed 24 bits. */
export function int24(value: number): number[] {
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export const avcConfig = (avcc = hex(AVCC)) => message([0x17, 0, 0, 0, 0], avcc);

/** `payload`: NAL units, each behind its length in four bytes. */
export function avcFrame(key: boolean, payload: Uint8Array, offsetMs = 0): Buffer {
  return message([key ? 0x17 : 0x27, 1, ...int24(offsetMs)], payload);
}

export const aacConfig = (config = hex(AAC_CONFIG)) => message([0xaf, 0], config);
export const aacFrame = (payload: Uint8Array) => message([0xaf, 1], payload);

export interface CameraMessage {
  readonly kind: "audio" | "video";
  readonly ms: number;
  readonly payload: Uint8Array;
}

/** 25 pictures a second, a key frame every two; sound comes 70 ms after the pictures of its time. */
export function cameraMessages(lengthMs: number): CameraMessage[] {
  const messages: (CameraMessage & { readonly order: number })[] = [];
  for (let ms = 0, i = 0; ms < lengthMs; ms += 40, i++) {
    const payload = avcFrame(i % 50 === 0, Buffer.of(0, 0, 0, 2, 0x65, i));
    messages.push({ kind: "video", ms, payload, order: ms });
  }
  for (let i = 0; (i * 64) / 3 < lengthMs; i++) {
    const ms = Math.round((i * 64) / 3);
    const payload = aacFrame(Buffer.of(i, i >> 8));
    messages.push({ kind: "audio", ms, payload, order: ms + 70 });
  }
  return messages.sort((a, b) => a.order - b.order);
}
