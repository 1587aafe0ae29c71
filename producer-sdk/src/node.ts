/** `@streambank/producer/node`: the part of the SDK that needs Node: files, cameras and processes. */
export { DiskStore, type DiskStoreOptions } from "./node/disk-store.ts";
export type { FfmpegOptions, LiveOptions } from "./node/ffmpeg-source.ts";
export { ffmpegSource } from "./node/ffmpeg-source.ts";
export { openRecording } from "./node/recording.ts";
export type { Source, SourceItem } from "./node/source.ts";
export {
  type DeviceOptions,
  deviceSource,
  type FileOptions,
  fileSource,
  type RtspOptions,
  rtspSource,
  type TestOptions,
  testSource,
} from "./node/sources.ts";
export type { Child, ChildEnd, Spawn } from "./node/spawn.ts";
