/** `@streambank/producer`: send media to a Streambank server, from browsers and from Node. */
export { type CancelTimer, type Clock, realClock } from "../../src/base/clock.ts";
export {
  /** What goes wrong, with a stable `code`. */
  Fault,
} from "../../src/base/errors.ts";
export type { Frame, Track } from "../../src/media/track.ts";
export type { Ack } from "./acks.ts";
export type {
  Outcome,
  ProducerEvent,
  ProducerOptions,
  ProducerStats,
  PutFrame,
  Token,
  TokenProvider,
} from "./events.ts";
export {
  MAX_FILE_BYTES,
  type PlayOptions,
  playForever,
  type Recorded,
  readRecording,
} from "./file-source.ts";
export type { FragmentStore, KeptFragment } from "./fragment-store.ts";
export { Producer } from "./producer.ts";
export type { Link, LinkHandlers, Transport } from "./transport.ts";
export { webSocketTransport } from "./web-socket-transport.ts";
