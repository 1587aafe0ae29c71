/** What events and hooks need of the index. */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";

export type EventIndex = Pick<
  FragmentIndex,
  | "commit"
  | "events"
  | "lastEventId"
  | "purgeEvents"
  | "putHook"
  | "hooks"
  | "deleteHook"
  | "moveHook"
  | "now"
  | "takeLease"
  | "freeLease"
  | "records"
  | "putRecord"
  | "deleteRecord"
  | "extent"
>;
