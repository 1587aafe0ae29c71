/** The client of Streambank's native API: `streambank/client`. docs/reference/client.md. */
export { ApiError, type ConnectionOptions } from "./connection.ts";
export type { ConsumedFragment, ConsumeOptions, StartPlace } from "./consume.ts";
export type { EventOptions } from "./events.ts";
export type { LiveFrame } from "./frame-message.ts";
export type { Each, GroupOptions, Run } from "./group.ts";
export type { DecodableKeyFrame, KeyFrameOptions } from "./key-frames.ts";
export type { LiveConfig, LiveItem, LiveNotice, LiveOptions } from "./live-frames.ts";
export { Streambank, StreamHandle } from "./streambank.ts";
export type {
  AccessKey,
  Action,
  BankEvent,
  ClockName,
  Coverage,
  FragmentItem,
  GroupPlace,
  Hold,
  ImageItem,
  NewAccessKey,
  PictureStyle,
  Range,
  ServerInfo,
  ServerSample,
  Session,
  SessionToken,
  Stream,
  StreamSettings,
  Time,
  TrackView,
  User,
} from "./types.ts";
