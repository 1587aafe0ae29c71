/**
 * For those who consume media: `streambank/consumer`. Bytes as frames or fragments (a GetMedia answer, a clip, a file), and streams
 * of a server as fragments and frames that go on by themselves.
 */
export {
  type ByteSource,
  type ConsumedFrame,
  type FragmentHead,
  type FragmentOptions,
  FrameStream,
  fragments,
  frames,
  framesOf,
  items,
  type MkvFragment,
} from "../media/mkv/consumer.ts";
export * from "./index.ts";
