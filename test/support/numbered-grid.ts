/** Cameras whose pictures are numbered, in a grid: what each tile shows at this moment is read from its picture. */
import { readFileSync } from "node:fs";
import { numberedMedia } from "./numbered.ts";
import { putMedia } from "./put-media.ts";

/** Numbers begin again with every piece. */
export const PIECE_MS = 10_000;
/** 25 pictures a second. */
export const FRAME_MS = 40;

export interface NumberedCamera {
  readonly name: string;
  /** Its first picture, ms since the Unix epoch. */
  readonly startMs: number;
}

/** Records so many pieces of each camera, one after the other. */
export async function recordNumbered(
  url: string,
  cameras: readonly NumberedCamera[],
  pieces: number,
): Promise<void> {
  const bytes = readFileSync(await numberedMedia({ seconds: PIECE_MS / 1000, bFrames: 0 }));
  const record = async ({ name, startMs }: NumberedCamera) => {
    for (let n = 0; n < pieces; n++) {
      const call = putMedia({ url, stream: name, startMs: startMs + n * PIECE_MS });
      await call.write(bytes);
      call.end();
      await call.acks;
    }
  };
  await Promise.all(cameras.map(record));
}

/**
 * To be evaluated in the page: `shown()` gives of every tile `{name, state, ms}`, `ms` the wall clock of its picture after the start of
 * the first camera (none without a picture), and `spread(names)` how far apart those tiles are, ms; infinite when one has none.
 */
export function numberedTiles(cameras: readonly NumberedCamera[]): string {
  const startMs = cameras[0]?.startMs ?? 0;
  const offsets = Object.fromEntries(cameras.map((one) => [one.name, one.startMs - startMs]));
  return `window.T0 = ${startMs};
  window.shown = () => {
    const grid = document.querySelector("streambank-grid");
    const canvas = window.canvas ??= Object.assign(document.createElement("canvas"), { width: 320, height: 1 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    return [...grid.shadowRoot.querySelectorAll("[part=tile]")].map((tile) => {
      const { stream: name, state } = tile.dataset;
      const video = tile.querySelector("video");
      if (video.readyState < 2) return { name, state };
      context.drawImage(video, 0, 90, 320, 1, 0, 0, 320, 1);
      const { data } = context.getImageData(0, 0, 320, 1);
      let number = 0;
      for (let bit = 0; bit < 8; bit++) if (data[(bit * 40 + 20) * 4] > 127) number += 2 ** bit;
      const offset = ${JSON.stringify(offsets)}[name];
      // Of all pictures with this number the one nearest to the common time is meant.
      const near = grid.positionMs - T0 - offset;
      const piece = Math.round((near - number * ${FRAME_MS}) / ${PIECE_MS});
      return { name, state, ms: offset + piece * ${PIECE_MS} + number * ${FRAME_MS} };
    });
  };
  window.spread = (names) => {
    const times = shown().filter(({ name }) => names.includes(name)).map(({ ms }) => ms);
    return times.includes(undefined) ? Infinity : Math.max(...times) - Math.min(...times);
  };`;
}
