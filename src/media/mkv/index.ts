/** `streambank/mkv`: Matroska in and out, for Node and browsers. */

/** One frame, one track, the tracks in force. */
export type { Frame, Track, TrackSet } from "../track.ts";
/** Frames and fragments from any byte source, as async iterators or a Web stream. */
export {
  type ByteSource,
  FrameStream,
  fragments,
  frames,
  items,
  type MkvFragment,
} from "./consumer.ts";
/** Counts what a file holds. */
export { MkvInspector, type MkvSummary } from "./inspect.ts";
/** What the reader gives. */
export type { Block, MkvItem, SimpleTag } from "./items.ts";
/** Frames to live Matroska. */
export { MkvWriter, type MkvWriterOptions } from "./live-writer.ts";
/** First layer: elements. */
export { type MkvEvent, MkvParser, type MkvParserOptions } from "./parser.ts";
/** Second layer: tracks, clusters, blocks, tags. */
export { MkvReader, type MkvReaderOptions } from "./reader.ts";
