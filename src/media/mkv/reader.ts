/**
 * Matroska reader, second layer: bytes in, items out (tracks, clusters, blocks, tags; see items.ts).
 *
 * Knows what a Segment holds. Does not know codecs, fragments, wall-clock time or sockets.
 */
import { Fault } from "../../base/errors.ts";
import type { Track, TrackSet } from "../track.ts";
import { blockGroupOf, simpleBlockOf } from "./block.ts";
import type { MkvItem } from "./items.ts";
import { MkvParser, type MkvParserOptions, type ValueEvent } from "./parser.ts";
import { readTags } from "./tags-in.ts";
import { readTracks } from "./tracks.ts";
import { type Child, children, dateNs, float, text, uint } from "./values.ts";

export interface MkvReaderOptions
  extends Pick<MkvParserOptions, "maxBlockBytes" | "maxElementBytes" | "crc32" | "checkCrc"> {
  readonly maxTracks: number;
  /** Tags in one Tags element. */
  readonly maxTags: number;
}

/** Given whole and read at once; everything else at their level is passed over. */
const WHOLE = ["EBML", "Info", "Tracks", "Tags", "BlockGroup"] as const;
const SKIP = ["SeekHead", "Cues", "Chapters", "Attachments"] as const;

/** TimestampScale when the file does not say (RFC 9559 §5.1.2.9): one millisecond. */
const DEFAULT_SCALE_NS = 1_000_000;

export class MkvReader {
  readonly #parser: MkvParser;
  readonly #options: { maxTracks: number; maxTags: number };
  #tracks: readonly Track[] = [];
  readonly #lookup = (number: number): Track | undefined => {
    for (const track of this.#tracks) if (track.number === number) return track;
    return undefined;
  };
  #docType = "";
  #scaleNs = DEFAULT_SCALE_NS;
  #clusterAt = 0;
  #clusterTicks: number | undefined;

  constructor(options: Partial<MkvReaderOptions> = {}) {
    const { maxTracks = 64, maxTags = 1000, ...rest } = options;
    this.#options = { maxTracks, maxTags };
    this.#parser = new MkvParser({ ...rest, whole: new Set(WHOLE), skip: new Set(SKIP) });
  }

  /** Byte offset of the next byte to be parsed. */
  get offset(): number {
    return this.#parser.offset;
  }

  /** Takes any number of bytes. The array may be kept: do not change it afterwards. */
  push(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  /** No more bytes will come. Go on pulling until `undefined`, or until a fault says it was cut. */
  end(): void {
    this.#parser.end();
  }

  /** The next item, or `undefined` until more bytes come. Throws a `Fault` and stays failed. */
  pull(): MkvItem | undefined {
    for (let event = this.#parser.pull(); event !== undefined; event = this.#parser.pull()) {
      if (event.kind === "value") {
        const item = this.#value(event);
        if (item !== undefined) return item;
      } else if (event.kind === "open") {
        if (event.name === "Segment") return this.#segment(event.at);
        if (event.name === "Cluster") this.#openCluster(event.at);
      } else if (event.kind === "close" && event.name === "Cluster") {
        return { kind: "cluster-end", at: event.at };
      }
    }
    return undefined;
  }

  #segment(at: number): MkvItem {
    this.#tracks = [];
    this.#scaleNs = DEFAULT_SCALE_NS;
    return { kind: "segment", at, docType: this.#docType };
  }

  #openCluster(at: number): void {
    if (this.#tracks.length === 0)
      throw new Fault("mkv.no-tracks", "a Cluster before any Tracks", { at });
    this.#clusterAt = at;
    this.#clusterTicks = undefined;
  }

  #value(event: ValueEvent): MkvItem | undefined {
    switch (event.name) {
      case "SimpleBlock":
      case "BlockGroup":
        return this.#block(event);
      case "Timestamp":
        return this.#timestamp(event);
      case "EBML":
        this.#ebml(event);
        return undefined;
      case "Info":
        return this.#info(event);
      case "Tracks":
        return this.#readTracks(event);
      case "Tags": {
        const tags = readTags(...this.#payload(event), this.#options.maxTags);
        return { kind: "tags", at: event.at, tags };
      }
      default:
        return undefined;
    }
  }

  #block({ name, element, headerBytes, at }: ValueEvent): MkvItem | undefined {
    const clusterTicks = this.#clusterTicks;
    if (clusterTicks === undefined)
      throw new Fault("mkv.bad-block", "a block before its Cluster's Timestamp", { at });
    const read = name === "SimpleBlock" ? simpleBlockOf : blockGroupOf;
    const block = read(element, headerBytes, at, this.#lookup);
    return block === undefined ? undefined : { kind: "block", block, clusterTicks };
  }

  #timestamp(event: ValueEvent): MkvItem {
    const [payload, at] = this.#payload(event);
    const ticks = uint({ name: "Timestamp", at, start: 0, payloadStart: 0, payload });
    this.#clusterTicks = ticks;
    return { kind: "cluster", at: this.#clusterAt, ticks };
  }

  #ebml(event: ValueEvent): void {
    const found = this.#children(event);
    const docType = found.find((child) => child.name === "DocType");
    this.#docType = docType === undefined ? "matroska" : text(docType);
    if (this.#docType !== "matroska" && this.#docType !== "webm")
      throw new Fault("mkv.not-matroska", `the document type is ${this.#docType.slice(0, 40)}`, {
        at: event.at,
      });
  }

  #info(event: ValueEvent): MkvItem {
    const found = new Map(this.#children(event).map((child) => [child.name, child]));
    const scale = found.get("TimestampScale");
    this.#scaleNs = scale === undefined ? DEFAULT_SCALE_NS : uint(scale);
    if (this.#scaleNs < 1)
      throw new Fault("mkv.bad-value", "a TimestampScale of 0", { at: event.at });
    const date = found.get("DateUTC");
    const duration = found.get("Duration");
    const textOf = (name: "Title" | "MuxingApp") => {
      const child = found.get(name);
      return child === undefined ? undefined : text(child);
    };
    return {
      kind: "info",
      at: event.at,
      timestampScaleNs: this.#scaleNs,
      dateUtcNs: date === undefined ? undefined : dateNs(date),
      durationTicks: duration === undefined ? undefined : float(duration),
      title: textOf("Title"),
      muxingApp: textOf("MuxingApp"),
    };
  }

  #readTracks(event: ValueEvent): MkvItem {
    const tracks = readTracks(...this.#payload(event), this.#options.maxTracks);
    this.#tracks = tracks;
    const trackSet: TrackSet = {
      tracks,
      timestampScaleNs: this.#scaleNs,
      tracksElement: event.element.toBytes().slice(),
    };
    return { kind: "tracks", at: event.at, trackSet };
  }

  #payload(event: ValueEvent): [Uint8Array, number] {
    const bytes = event.element.toBytes().subarray(event.headerBytes);
    return [bytes, event.at + event.headerBytes];
  }

  #children(event: ValueEvent): Child[] {
    return children(...this.#payload(event));
  }
}
