/** `@streambank/producer/browser`: the part of the SDK that needs a browser: cameras, microphones, IndexedDB. */
export type { VideoCodec } from "./codecs.ts";
export { IndexedDbStore } from "./indexed-db-store.ts";
export {
  browserWebcam,
  Webcam,
  type WebcamEvent,
  type WebcamOptions,
  type WebcamStats,
} from "./webcam.ts";
