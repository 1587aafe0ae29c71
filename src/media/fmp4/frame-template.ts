/** A media segment of one sample: a ready-made header of which six numbers change. */
import type { Rope } from "../../base/rope.ts";
import { box, fullBox, setUint64, u32, zeros } from "./box.ts";
import type { SampleTime } from "./live-times.ts";

/** default-base-is-moof (§8.8.7). */
const TFHD_FLAGS = 0x020000;
/** data-offset, duration, size, flags, composition-offset present (§8.8.8). */
const TRUN_FLAGS = 0x000f01;
const HEADER_BYTES = 112;
/** Where the changing numbers stand: after moof 8, mfhd 16, traf 8, tfhd 16, tfdt 20, in trun 36, mdat 8. */
const At = {
  ...{ sequence: 20, decode: 60, duration: 88, size: 92, flags: 96, offset: 100 },
  mdatSize: 104,
} as const;
const INT32_MAX = 0x7fffffff;

export interface TemplateValues {
  readonly sequence: number;
  readonly time: SampleTime;
  readonly flags: number;
  readonly payload: Rope;
}

export class FrameTemplate {
  readonly #header: Uint8Array;

  constructor(trackId: number) {
    const tfhd = fullBox("tfhd", { flags: TFHD_FLAGS }, u32(trackId));
    const tfdt = fullBox("tfdt", { version: 1 }, zeros(8));
    const run = u32(1, HEADER_BYTES, 0, 0, 0, 0);
    const trun = fullBox("trun", { version: 1, flags: TRUN_FLAGS }, run);
    const moof = box("moof", fullBox("mfhd", {}, u32(0)), box("traf", tfhd, tfdt, trun));
    this.#header = new Uint8Array(HEADER_BYTES);
    this.#header.set(moof);
    this.#header.set(box("mdat"), moof.length);
  }

  /** A new array. Sequence numbers and sizes wrap at 32 bits, offsets are limited to them. */
  fill({ sequence, time, flags, payload }: TemplateValues): Uint8Array {
    const out = new Uint8Array(HEADER_BYTES + payload.length);
    out.set(this.#header);
    const view = new DataView(out.buffer);
    view.setUint32(At.sequence, sequence);
    setUint64(view, At.decode, time.decode);
    view.setUint32(At.duration, time.duration);
    view.setUint32(At.size, payload.length);
    view.setUint32(At.flags, flags);
    view.setInt32(At.offset, Math.max(-INT32_MAX, Math.min(INT32_MAX, time.offset)));
    view.setUint32(At.mdatSize, payload.length + 8);
    payload.copyTo(out, HEADER_BYTES);
    return out;
  }
}
