/** What events and hooks count. Fed into docs/reference/metrics.md. */
export interface EventMeters {
  /** Events that were never written because too many waited. */
  eventsDropped(count: number): void;
  /** One try to deliver is over. */
  hookTried(hook: string, result: "ok" | "failed"): void;
  /** After a delivery, or a try: how far behind it is. */
  hookLag(hook: string, events: number, ageSeconds: number): void;
  /** So many numbers of events were given up because the hook was too far behind. */
  hookSkipped(hook: string, events: number): void;
  /** The hook is gone: so are its figures. */
  hookGone(hook: string): void;
}

export const noEventMeters: EventMeters = {
  eventsDropped: () => {},
  hookTried: () => {},
  hookLag: () => {},
  hookSkipped: () => {},
  hookGone: () => {},
};
