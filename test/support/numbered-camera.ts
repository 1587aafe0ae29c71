/**
 * A camera for Chromium whose pictures are numbered: each shows its number as bars of black and white, large enough
 * to be read from what a browser has coded at the lowest rates.
 */
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { run } from "./run.ts";

/** Pictures a second, and their size in pixels. */
export const CAMERA = { fps: 10, width: 320, height: 180 } as const;
/** Then it begins again, after 51 s: longer than a test looks. */
export const CAMERA_NUMBERS = 512;
/** Nine bits, the highest first, and whether their count is odd. */
const BARS = 10;
const [BLACK, WHITE, NO_COLOUR] = [16, 235, 128];

function barsOf(number: number): number[] {
  const bits = Array.from({ length: BARS - 1 }, (_, i) => (number >> (BARS - 2 - i)) & 1);
  return [...bits, bits.reduce((sum, bit) => sum ^ bit, 0)];
}

/** From the brightness of the bars, 0 to 255. Throws when no picture of this camera looks so. */
function numberOf(bars: Uint8Array): number {
  const bits = Array.from(bars, (light) => (light > 127 ? 1 : 0));
  const number = bits.slice(0, -1).reduce<number>((sum, bit) => sum * 2 + bit, 0);
  if (barsOf(number).join() !== bits.join()) throw new Error(`not a number: ${bars}`);
  return number;
}

/** Writes it as the y4m file that `--use-file-for-fake-video-capture` takes (yuv4mpeg(5), 4:2:0). */
export function writeNumberedCamera(path: string): void {
  const { fps, width, height } = CAMERA;
  const file = openSync(path, "w");
  try {
    writeSync(file, `YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420\n`);
    for (let number = 0; number < CAMERA_NUMBERS; number++) {
      const bars = barsOf(number);
      const row = Buffer.from(
        Array.from({ length: width }, (_, x) =>
          bars[Math.floor((x * BARS) / width)] === 1 ? WHITE : BLACK,
        ),
      );
      const light = Buffer.alloc(width * height, row);
      writeSync(file, Buffer.concat([Buffer.from("FRAME\n"), light]));
      writeSync(file, Buffer.alloc((width * height) / 2, NO_COLOUR));
    }
  } finally {
    closeSync(file);
  }
}

/** JavaScript of a function that reads a `VideoFrame`'s number in a page; it resolves with -1 when there is none. */
export const READ_NUMBER = `async (picture) => {
  const { width, height } = picture.visibleRect;
  const bytes = new Uint8Array(picture.allocationSize());
  const [{ offset, stride }] = await picture.copyTo(bytes);
  const row = offset + Math.floor(height / 2) * stride;
  const bars = Array.from({ length: ${BARS} }, (_, i) =>
    bytes[row + Math.floor(((i + 0.5) * width) / ${BARS})] > 127 ? 1 : 0);
  const odd = bars.pop();
  const number = bars.reduce((sum, bit) => sum * 2 + bit, 0);
  return bars.reduce((sum, bit) => sum ^ bit, 0) === odd ? number : -1;
}`;

/** The numbers of all pictures of a recording, in the order in which they are shown. Throws when one cannot be read. */
export async function numbersIn(path: string): Promise<number[]> {
  const filter = `scale=${BARS}:1:flags=area,format=gray`;
  const read = ["-v", "error", "-y", "-i", path, "-map", "0:v:0", "-vf", filter];
  const file = `${path}.bars`;
  await run("ffmpeg", [...read, "-fps_mode", "passthrough", "-f", "rawvideo", file]);
  const bars = readFileSync(file);
  return Array.from({ length: bars.length / BARS }, (_, i) =>
    numberOf(bars.subarray(i * BARS, (i + 1) * BARS)),
  );
}

/** Numbers that go on where the camera begins again. Each is at most half of a round after the one before it. */
function unwrapped(numbers: readonly number[]): number[] {
  let total = numbers[0] ?? 0;
  return numbers.map((number) => {
    const step = (number - total) % CAMERA_NUMBERS;
    total += step < 0 ? step + CAMERA_NUMBERS : step;
    return total;
  });
}

export interface Lost {
  /** Numbers of pictures that a reader of the camera got, and the archive does not have. */
  readonly lost: readonly number[];
  /** Numbers that neither has: a busy browser did not take them from its camera. */
  readonly neverGiven: number;
}

/** From the first to the last picture that is stored. Throws when one is stored twice, or out of order. */
export function lostOf(given: readonly number[], numbers: readonly number[]): Lost {
  const stored = unwrapped(numbers);
  const [first = 0, last = 0] = [stored[0], stored.at(-1)];
  for (const [i, number] of stored.entries()) {
    const step = number - (stored[i - 1] ?? number - 1);
    assert.ok(step > 0 && step < CAMERA_NUMBERS / 2, `${numbers}`);
  }
  const have = new Set(stored);
  const missing = Array.from({ length: last - first }, (_, i) => first + i).filter(
    (number) => !have.has(number),
  );
  const seen = new Set(given);
  const lost = missing.filter((number) => seen.has(number % CAMERA_NUMBERS));
  return { lost, neverGiven: missing.length - lost.length };
}
