/**
 * When each picture in the buffer begins, read from the media as it passes (ISO/IEC 14496-12 §8.8): what stepping by one picture
 * goes by, whatever the distances of pictures are. Pure; times are media seconds.
 */

/** Times nearer to each other are of the same picture, s. */
const SAME_S = 0.0002;
/** The oldest go beyond so many: over five minutes at 60 pictures a second. */
const MAX_TIMES = 20_000;
/** The video track's, as the server numbers them. */
const VIDEO_ID = 1;
/** Flags of `tfhd` and `trun`: what is there. */
const TFHD = { base: 1, description: 2, duration: 8 } as const;
const TRUN = {
  offset: 1,
  flags: 4,
  duration: 0x100,
  size: 0x200,
  own: 0x400,
  shift: 0x800,
} as const;

export class PictureTimes {
  #times: number[] = [];
  #scale = 1_000_000;
  #offsetS = 0;

  /** An initialization segment; what follows is shifted by `offsetS`. */
  begin(init: Uint8Array, offsetS: number): void {
    this.#offsetS = offsetS;
    const view = viewOf(init);
    const mdhd = inside(view, ["moov", "trak", "mdia", "mdhd"]);
    if (mdhd === undefined) return;
    const long = view.getUint8(mdhd.start) === 1;
    this.#scale = view.getUint32(mdhd.start + (long ? 20 : 12)) || this.#scale;
  }

  /** Media segments of one fragment each. What is no such thing is passed over. */
  add(chunk: Uint8Array): void {
    for (const ticks of timesOf(viewOf(chunk))) this.#insert(ticks / this.#scale + this.#offsetS);
  }

  /** Start of the picture that is shown at `at`. */
  start(at: number): number | undefined {
    return this.#times[this.#upTo(at)];
  }

  /** A time inside the picture before (−1) or after (1) the one shown at `at`; `undefined` when it is not known. */
  beside(at: number, by: -1 | 1): number | undefined {
    const place = this.#upTo(at);
    const [from, to] = [this.#times[place + by], this.#times[place + by + 1]];
    if (place < 0 || from === undefined) return undefined;
    return from + Math.min(0.001, ((to ?? from + 0.002) - from) / 2);
  }

  /** The last time not after `at`. */
  #upTo(at: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) <= at + SAME_S) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #insert(time: number): void {
    const place = this.#upTo(time);
    if (time - (this.#times[place] ?? Number.NEGATIVE_INFINITY) <= SAME_S) return;
    if (place === this.#times.length - 1) this.#times.push(time);
    else this.#times.splice(place + 1, 0, time);
    if (this.#times.length > MAX_TIMES) this.#times = this.#times.slice(MAX_TIMES / 4);
  }
}

interface Box {
  /** Of its body. */
  readonly start: number;
  readonly end: number;
}

/** Presentation times of the video samples, ticks. */
function timesOf(view: DataView): number[] {
  const out: number[] = [];
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const moof = child(view, { start: at, end: view.byteLength }, "moof");
    if (moof === undefined) break;
    out.push(...timesIn(view, moof));
    at = moof.end;
  }
  return out;
}

function timesIn(view: DataView, moof: Box): number[] {
  const traf = inside(view, ["traf"], moof);
  if (traf === undefined) return [];
  const [tfhd, tfdt, trun] = ["tfhd", "tfdt", "trun"].map((name) => inside(view, [name], traf));
  if (tfhd === undefined || tfdt === undefined || trun === undefined) return [];
  if (view.getUint32(tfhd.start + 4) !== VIDEO_ID) return [];
  const has = view.getUint32(tfhd.start);
  const at = tfhd.start + 8 + (has & TFHD.base ? 8 : 0) + (has & TFHD.description ? 4 : 0);
  const each = has & TFHD.duration ? view.getUint32(at) : 0;
  const long = view.getUint8(tfdt.start) === 1;
  const begin = long ? Number(view.getBigUint64(tfdt.start + 4)) : view.getUint32(tfdt.start + 4);
  return shownTimes(view, trun, { begin, each });
}

function shownTimes(view: DataView, trun: Box, { begin, each }: { begin: number; each: number }) {
  const has = view.getUint32(trun.start) & 0xffffff;
  const count = view.getUint32(trun.start + 4);
  let at = trun.start + 8 + (has & TRUN.offset ? 4 : 0) + (has & TRUN.flags ? 4 : 0);
  const next = (flag: number) => {
    if ((has & flag) === 0) return undefined;
    at += 4;
    return at - 4;
  };
  const out: number[] = [];
  let decode = begin;
  for (let i = 0; i < count && at <= trun.end; i++) {
    const duration = next(TRUN.duration);
    next(TRUN.size);
    next(TRUN.own);
    const shift = next(TRUN.shift);
    if (at > trun.end) break;
    out.push(decode + (shift === undefined ? 0 : view.getInt32(shift)));
    decode += duration === undefined ? each : view.getUint32(duration);
  }
  return out;
}

/** The first box of each name, one in the other. */
function inside(view: DataView, path: readonly string[], within?: Box): Box | undefined {
  let box: Box = within ?? { start: 0, end: view.byteLength };
  for (const name of path) {
    const found = child(view, box, name);
    if (found === undefined) return undefined;
    box = found;
  }
  return box;
}

function child(view: DataView, { start, end }: Box, name: string): Box | undefined {
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > end) return undefined;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    if (type === name) return { start: at + 8, end: at + size };
    at += size;
  }
  return undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
