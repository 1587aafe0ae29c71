/** What became of what a producer was given, for tests that want all of it durable. */
import type { Outcome } from "../../producer-sdk/src/events.ts";

/** Fragments that are not durable, for whatever reason. */
export function notDurable({ waiting, refused, dropped }: Outcome): number {
  return waiting + refused + dropped;
}
