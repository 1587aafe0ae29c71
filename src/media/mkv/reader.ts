/**
 * Matroska reader, second layer: bytes in, items out (tracks, clusters, blocks, tags; see items.ts).
 *
 * Knows what a Segment holds. Does not know codecs, fragments, wall-clock time or sockets.
 */
import { type Crc32, crc32, crc32Without, ropeCrc32 } from "../../base/crc32.ts";
import { Fault } from "../../base/errors.ts";
import type { Track, TrackSet } from "../track.ts";
import { blockGroupOf, simpleBlockOf } from "./block.ts";
import type { CloseEvent, ValueEvent } from "./events.ts";
import type { Block, MkvItem } from "./items.ts";
import { MkvParser, type MkvParserOptions } from "./parser.ts";
import { readTags } from "./tags-in.ts";
import { MAX_DURATION_NS, readTracks } from "./tracks.ts";
import { asChild, type Child, dateNs, float, inside, text, uint } from "./values.ts";

export interface MkvReaderOptions
  extends Pick<
    MkvParserOptions,
    "maxBlockBytes" | "maxElementBytes" | "maxSkippedBytes" | "crc32" | "onBadCrc"
  > {
  /** Default 64. */
  readonly maxTracks: number;
  /** Tags in one Tags element. Default 1000. */
  readonly maxTags: number;
}

/** Given whole and read at once; everything else at their level is passed over. */
const WHOLE = ["EBML", "Info", "Tracks", "Tags", "BlockGroup"] as const;
const SKIP = ["SeekHead", "Cues", "Chapters", "Attachments"] as const;

/** TimestampScale when the file does not say (RFC 9559 §5.1.2.9): one millisecond. */
const DEFAULT_SCALE_NS = 1_000_000;

/** Cluster times end here (µs): with relative times and durations on top, sums are still exact. */
const MAX_TIME_US = 2 ** 53 - 2 ** 46;

export class MkvReader {
  readonly #parser: MkvParser;
  readonly #maxTracks: number;
  readonly #maxTags: number;
  #tracks: readonly Track[] = [];
  #trackSet: TrackSet | undefined;
  readonly #lookup = (number: number): Track | undefined => {
    for (const track of this.#tracks) if (track.number === number) return track;
    return undefined;
  };
  #docType = "";
  #scaleNs = DEFAULT_SCALE_NS;
  #clusterAt = 0;
  #clusterTicks: number | undefined;
  readonly #crc32: Crc32;
  /** CRC of what a Cluster holds before its blocks; not plain: something stands among them. */
  #head = { crc: 0, plain: true };
  #blocksBytes = 0;
  /** An item that came out of the same element as the one before it. */
  #next: MkvItem | undefined;

  constructor(options: Partial<MkvReaderOptions> = {}) {
    const { maxTracks = 64, maxTags = 1000, ...rest } = options;
    this.#maxTracks = maxTracks;
    this.#maxTags = maxTags;
    this.#crc32 = options.crc32 ?? crc32;
    this.#parser = new MkvParser({ ...rest, whole: new Set(WHOLE), skip: new Set(SKIP) });
  }

  /** Byte offset of the next byte to be parsed. */
  get offset(): number {
    return this.#parser.offset;
  }

  /** Bytes pushed and not yet parsed. */
  get heldBytes(): number {
    return this.#parser.heldBytes;
  }

  /** Takes any number of bytes; after a fault, drops them. The array may be kept: do not change it afterwards. */
  push(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  /** No more bytes will come. Go on pulling until `undefined`, or until a fault says it was cut. */
  end(): void {
    this.#parser.end();
  }

  /**
   * The next item, or `undefined` until more bytes come. Throws a `Fault` and stays failed: what the parser
   * throws, and `mkv.bad-value`, `no-tracks`, `too-many-tracks`, `unknown-track`, `bad-block`, `bad-lacing`.
   */
  pull(): MkvItem | undefined {
    if (this.#next !== undefined) {
      const item = this.#next;
      this.#next = undefined;
      return item;
    }
    try {
      return this.#pull();
    } catch (error) {
      if (error instanceof Fault) this.#parser.fail(error);
      throw error;
    }
  }

  #pull(): MkvItem | undefined {
    for (let event = this.#parser.pull(); event !== undefined; event = this.#parser.pull()) {
      let item: MkvItem | undefined;
      if (event.kind === "value") {
        this.#sawInCluster(event);
        item = this.#value(event);
      } else if (event.kind === "skipped") this.#head.plain = false;
      else if (event.kind === "open" && event.name === "Segment") item = this.#segment(event.at);
      else if (event.kind === "open" && event.name === "Cluster") this.#openCluster(event.at);
      else if (event.kind === "close" && event.name === "Cluster") item = this.#closeCluster(event);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  #segment(at: number): MkvItem {
    this.#tracks = [];
    this.#trackSet = undefined;
    this.#scaleNs = DEFAULT_SCALE_NS;
    return { kind: "segment", at, docType: this.#docType };
  }

  #openCluster(at: number): void {
    this.#head = { crc: 0, plain: true };
    this.#blocksBytes = 0;
    if (this.#tracks.length === 0)
      throw new Fault("mkv.no-tracks", "a Cluster before any Tracks", { at });
    this.#clusterAt = at;
    this.#clusterTicks = undefined;
  }

  /** A Cluster without Timestamp never began: it has no blocks either. */
  #closeCluster({ at, crc, crcOk }: CloseEvent): MkvItem | undefined {
    if (this.#clusterTicks === undefined) return undefined;
    if (crc === undefined || !crcOk || !this.#head.plain) return { kind: "cluster-end", at };
    const blocksCrc = crc32Without(crc, this.#head.crc, this.#blocksBytes);
    return { kind: "cluster-end", at, blocksCrc };
  }

  /** Keeps what is needed to take the CRC of a Cluster's blocks out of the CRC of the whole Cluster. */
  #sawInCluster({ name, element }: ValueEvent): void {
    if (name === "SimpleBlock" || name === "BlockGroup") this.#blocksBytes += element.length;
    else if (this.#blocksBytes > 0) this.#head.plain = false;
    else if (this.#clusterAt > 0 && name !== "CRC32")
      this.#head.crc = ropeCrc32(element, this.#crc32, this.#head.crc);
  }

  #value(event: ValueEvent): MkvItem | undefined {
    switch (event.name) {
      case "SimpleBlock":
      case "BlockGroup":
        return this.#blockItem(event);
      case "Timestamp":
        return this.#timestamp(asChild(event));
      case "EBML":
        this.#ebml(asChild(event));
        return undefined;
      case "Info":
        return this.#info(asChild(event));
      case "Tracks":
        return this.#readTracks(event);
      case "Tags":
        return { kind: "tags", at: event.at, tags: this.#readTags(asChild(event)) };
      default:
        return undefined;
    }
  }

  #blockItem(event: ValueEvent): MkvItem | undefined {
    const clusterTicks = this.#clusterTicks;
    if (clusterTicks === undefined)
      throw new Fault("mkv.bad-block", "a block before its Cluster's Timestamp", { at: event.at });
    const block = this.#block(event);
    // A BlockGroup without a Block gives no item, but its bytes are in the Cluster's checksum.
    if (block === undefined) this.#head.plain = false;
    return block === undefined ? undefined : { kind: "block", block, clusterTicks };
  }

  #block({ name, element, headerBytes, at }: ValueEvent): Block | undefined {
    if (name === "SimpleBlock") return simpleBlockOf(element, headerBytes, at, this.#lookup);
    const block = blockGroupOf(element, headerBytes, at, this.#lookup);
    if ((block?.durationTicks ?? 0) * this.#scaleNs > MAX_DURATION_NS)
      throw new Fault("mkv.bad-value", "a BlockDuration of more than a day", { at });
    return block;
  }

  #timestamp(child: Child): MkvItem {
    const { at } = child;
    if (this.#clusterTicks !== undefined)
      throw new Fault("mkv.bad-value", "a second Timestamp in a Cluster", { at });
    const ticks = uint(child);
    // 16-bit relative times are counted in, so that an absurd TimestampScale is refused too.
    if (((ticks + 0x8000) * this.#scaleNs) / 1000 > MAX_TIME_US)
      throw new Fault("mkv.bad-value", `a cluster time of ${ticks} ticks is out of range`, { at });
    this.#clusterTicks = ticks;
    return { kind: "cluster", at: this.#clusterAt, ticks };
  }

  #ebml(child: Child): void {
    const docType = inside(child).find(({ name }) => name === "DocType");
    this.#docType = docType === undefined ? "matroska" : text(docType);
    if (this.#docType !== "matroska" && this.#docType !== "webm")
      throw new Fault("mkv.not-matroska", `the document type is ${this.#docType.slice(0, 40)}`, {
        at: child.at,
      });
  }

  #info(info: Child): MkvItem {
    const { at } = info;
    // An empty element has its default value (RFC 8794 §6.1): as if it were not there.
    const given = inside(info).filter((child) => child.payload.length > 0);
    const find = (name: Child["name"]) => given.find((child) => child.name === name);
    const scale = find("TimestampScale");
    this.#scaleNs = scale === undefined ? DEFAULT_SCALE_NS : uint(scale);
    if (this.#scaleNs < 1) throw new Fault("mkv.bad-value", "a TimestampScale of 0", { at });
    this.#rescale(at);
    const [date, duration] = [find("DateUTC"), find("Duration")];
    const [title, app] = [find("Title"), find("MuxingApp")];
    return {
      kind: "info",
      at,
      timestampScaleNs: this.#scaleNs,
      dateUtcNs: date === undefined ? undefined : dateNs(date),
      durationTicks: duration === undefined ? undefined : knownDuration(float(duration)),
      title: title === undefined ? undefined : text(title),
      muxingApp: app === undefined ? undefined : text(app),
    };
  }

  /** Info may come after Tracks: the track set is then given again with the right scale. */
  #rescale(at: number): void {
    const before = this.#trackSet;
    if (before === undefined || before.timestampScaleNs === this.#scaleNs) return;
    this.#trackSet = { ...before, timestampScaleNs: this.#scaleNs };
    this.#next = { kind: "tracks", at, trackSet: this.#trackSet };
  }

  #readTracks(event: ValueEvent): MkvItem {
    const { at } = event;
    const { payload, payloadStart } = asChild(event);
    this.#tracks = readTracks(payload, at + payloadStart, this.#maxTracks);
    // A copy: this small element outlives the large chunk that it came in. (`slice` of a Buffer would be none.)
    const tracksElement = new Uint8Array(event.element.toBytes());
    const trackSet = { tracks: this.#tracks, timestampScaleNs: this.#scaleNs, tracksElement };
    this.#trackSet = trackSet;
    return { kind: "tracks", at, trackSet };
  }

  #readTags(child: Child) {
    return readTags(child.payload, child.at + child.payloadStart, this.#maxTags);
  }
}

/** Live muxers write 0, −1 or not-a-number for a duration nobody knows. */
function knownDuration(ticks: number): number | undefined {
  return Number.isFinite(ticks) && ticks > 0 ? ticks : undefined;
}
