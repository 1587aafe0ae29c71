/** A small MP4 reader for tests, written apart from the writer: boxes as a tree, and the samples of fragments. */

export interface Mp4Box {
  readonly type: string;
  /** Offset of the box in the file. */
  readonly at: number;
  readonly size: number;
  /** Contents, after the header. */
  readonly body: Buffer;
  readonly children: readonly Mp4Box[];
}

const CONTAINERS = new Set(
  "moov trak mdia minf dinf stbl mvex moof traf mfra edts udta".split(" "),
);

/** All boxes; throws when they do not fill the bytes exactly. */
export function readBoxes(bytes: Uint8Array, base = 0): Mp4Box[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const boxes: Mp4Box[] = [];
  let at = 0;
  while (at < data.length) {
    const short = data.readUInt32BE(at);
    const type = data.toString("latin1", at + 4, at + 8);
    const header = short === 1 ? 16 : 8;
    const size = short === 1 ? Number(data.readBigUInt64BE(at + 8)) : short;
    if (size < header || at + size > data.length)
      throw new Error(`${type} at ${base + at}: ${size}`);
    const body = data.subarray(at + header, at + size);
    const children = CONTAINERS.has(type) ? readBoxes(body, base + at + header) : [];
    boxes.push({ type, at: base + at, size, body, children });
    at += size;
  }
  return boxes;
}

/** All boxes at a path like `moov/trak/mdia/mdhd`. */
export function findBoxes(boxes: readonly Mp4Box[], path: string): Mp4Box[] {
  const [type, ...rest] = path.split("/");
  const found = boxes.filter((box) => box.type === type);
  return rest.length === 0
    ? found
    : found.flatMap((box) => findBoxes(box.children, rest.join("/")));
}

/** The only box at a path; throws when there are none or several. */
export function oneBox(boxes: readonly Mp4Box[], path: string): Mp4Box {
  const [box, ...more] = findBoxes(boxes, path);
  if (box === undefined || more.length > 0) throw new Error(`${more.length + 1} or no ${path}`);
  return box;
}

/** Names of the boxes as `moov(mvhd trak(...))`. */
export function outline(boxes: readonly Mp4Box[]): string {
  return boxes
    .map(({ type, children }) => (children.length === 0 ? type : `${type}(${outline(children)})`))
    .join(" ");
}

export interface Mp4Sample {
  readonly track: number;
  readonly decode: number;
  readonly duration: number;
  readonly offset: number;
  readonly sync: boolean;
  readonly data: Buffer;
}

/** The samples of all fragments, in file order. Reads `trun` with all four sample fields only. */
export function fragmentSamples(bytes: Uint8Array): Mp4Sample[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return readBoxes(bytes)
    .filter((box) => box.type === "moof")
    .flatMap((moof) =>
      findBoxes([moof], "moof/traf").flatMap((traf) => trafSamples(traf, moof.at, data)),
    );
}

function trafSamples(traf: Mp4Box, moofAt: number, data: Buffer): Mp4Sample[] {
  const track = oneBox([traf], "traf/tfhd").body.readUInt32BE(4);
  let decode = Number(oneBox([traf], "traf/tfdt").body.readBigUInt64BE(4));
  const run = oneBox([traf], "traf/trun").body;
  if ((run.readUInt32BE(0) & 0xffffff) !== 0xf01 || run[0] !== 1) throw new Error("another trun");
  let at = moofAt + run.readInt32BE(8);
  return Array.from({ length: run.readUInt32BE(4) }, (_, i) => {
    const field = 12 + 16 * i;
    const [duration, size] = [run.readUInt32BE(field), run.readUInt32BE(field + 4)];
    const sync = (run.readUInt32BE(field + 8) & 0x10000) === 0;
    const offset = run.readInt32BE(field + 12);
    const sample = { track, decode, duration, offset, sync, data: data.subarray(at, at + size) };
    decode += duration;
    at += size;
    return sample;
  });
}
