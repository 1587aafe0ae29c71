/** `streambank/mkv`: Matroska in and out, for Node and browsers. */

/** One frame, one track, the tracks in force. */
export type { Frame, Track, TrackSet } from "../track.ts";
/** Frames and fragments from any byte source, as async iterators or a Web stream. */
export {
  type ByteSource,
  type ConsumedFrame,
  type FragmentHead,
  type FragmentOptions,
  FrameStream,
  fragments,
  frames,
  items,
  type MkvFragment,
} from "./consumer.ts";
/** What the parser gives. */
export type { MkvEvent } from "./events.ts";
/** Counts what a file holds. */
export { MkvInspector, type MkvSummary } from "./inspect.ts";
/** What the reader gives. */
export type { Block, MkvItem, SimpleTag } from "./items.ts";
/** Frames to live Matroska. */
export { MkvWriter, type MkvWriterOptions } from "./live-writer.ts";
/** First layer: elements. */
export { MkvParser, type MkvParserOptions } from "./parser.ts";
/** Second layer: tracks, clusters, blocks, tags. */
export { MkvReader, type MkvReaderOptions } from "./reader.ts";
/** Values of the parser's events, by type. */
export { asChild, type Child, dateNs, float, int, text, uint } from "./values.ts";
/** Over elements as they come: their places, a copy without some, several documents as one. */
export {
  type CopyOptions,
  copy,
  events,
  type LaidOut,
  layout,
  type MergeOptions,
  merge,
} from "./visit.ts";
/** Matroska written by hand: headers, tracks, tags, blocks, clusters, cues. */
export {
  clusterHeader,
  cuesElement,
  ebmlHeader,
  infoElement,
  seekHeadElement,
  segmentHeader,
  simpleBlock,
  tagsElement,
  tracksElement,
} from "./writer.ts";
