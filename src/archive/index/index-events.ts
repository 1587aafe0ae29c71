/** The outbox: events are rows written with what they tell, and every hook has its own place in them. */
import type { Millis } from "../../base/units.ts";

/** docs/reference/events.md. */
export type EventType =
  | "fragment.persisted"
  | "stream.online"
  | "stream.offline"
  | "gap"
  | "retention"
  | "error";

export interface NewEvent {
  readonly type: EventType;
  /** "" when it is about the server. */
  readonly stream: string;
  readonly atMs: Millis;
  /** JSON object. */
  readonly body: string;
}

export interface EventRow extends NewEvent {
  /** Rises; may leave out numbers. */
  readonly id: number;
}

/** Somebody who is told. */
export interface HookRow {
  readonly id: string;
  readonly url: string;
  /** Key of the signature. */
  readonly secret: string;
  /** Empty: all. */
  readonly types: readonly EventType[];
  /** Stream name with `*` for any characters; `*` for all. */
  readonly streams: string;
  readonly createdMs: Millis;
  /** All events up to this id have been delivered or were not for it. */
  readonly deliveredId: number;
}
