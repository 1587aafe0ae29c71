/**
 * Every metric of ours: name, kind, labels. docs/reference/metrics.md says the same for people; definitions.test.ts compares the
 * two. Those of the process and of Node are prom-client's.
 */
export interface Definition {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  /** For people, also in the page. One sentence. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** Seconds. */
const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SLOW = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export const METRICS = {
  httpRequests: counter(
    "http_requests_total",
    "HTTP answers, when they are complete.",
    "method",
    "route",
    "status",
  ),
  httpSeconds: histogram(
    "http_request_seconds",
    "From a request's head to the end of its answer; a push lasts as long as its camera runs.",
    SLOW,
    "route",
  ),
  sessions: gauge("sessions", "Connected producers."),
  liveStreams: gauge("live_streams", "Streams with a producer in the live hub."),
  viewers: gauge("viewers", "Live viewers."),
  receivedBytes: counter(
    "received_bytes_total",
    "Bytes of the media of whole fragments.",
    "stream",
  ),
  receivedFragments: counter("received_fragments_total", "Whole fragments received.", "stream"),
  persistedFragments: counter("persisted_fragments_total", "Fragments acked PERSISTED.", "stream"),
  refusedFragments: counter(
    "refused_fragments_total",
    "Fragments that could not be stored, by error code.",
    "code",
  ),
  ackSeconds: histogram("ack_seconds", "From RECEIVED to PERSISTED.", FAST),
  clockSkew: gauge(
    "clock_skew_seconds",
    "Server time minus the producer's time at the end of the newest fragment; a constant offset is its latency.",
    "stream",
  ),
  commitRows: histogram(
    "commit_rows",
    "Pack rows per transaction of the index.",
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
  ),
  commitSeconds: histogram("commit_seconds", "Transactions of the index.", FAST),
  commitFailures: counter("commit_failures_total", "Transactions of the index that failed."),
  fsyncSeconds: histogram("fsync_seconds", "Making a pack's bytes durable.", FAST),
  packsSealed: counter("packs_sealed_total", "Packs sealed."),
  sealedBytes: counter("sealed_bytes_total", "Bytes of packs sealed."),
  unarchivedPacks: gauge("unarchived_packs", "Sealed packs that are not in the object store yet."),
  spoolBytes: gauge("spool_bytes", "Bytes of sealed packs that are not in the object store yet."),
  oldestUnarchived: gauge(
    "oldest_unarchived_seconds",
    "Age of the newest fragment in the oldest pack that is not in the object store yet; 0 when all are.",
  ),
  asidePacks: gauge(
    "aside_packs",
    "Packs that cannot be sent although the object store works: a bad disk, or another object of that name.",
  ),
  oldestAside: gauge(
    "oldest_aside_seconds",
    "Age of the newest fragment in the oldest of these; 0 when there is none.",
  ),
  storeErrors: counter(
    "store_errors_total",
    "Failures of files, index and object store, by error code.",
    "kind",
  ),
  uploads: counter("uploads_total", "Tries to bring a pack to the object store.", "result"),
  uploadedBytes: counter("uploaded_bytes_total", "Bytes of packs brought to the object store."),
  uploadSeconds: histogram(
    "upload_seconds",
    "Tries to bring a pack to the object store.",
    SLOW,
    "result",
  ),
  removedPacks: counter("removed_packs_total", "Packs removed, by cause.", "cause"),
  removedBytes: counter("removed_bytes_total", "Bytes of packs removed, by cause.", "cause"),
  gaps: counter("gaps_total", "Holes written down, by cause.", "cause"),
  gapSeconds: counter("gap_seconds_total", "Length of holes written down, by cause.", "cause"),
  images: counter("images_total", "Automatic images, by result.", "result"),
  eventsWaiting: gauge("events_waiting", "Events not written to the index yet."),
  eventsDropped: counter(
    "events_dropped_total",
    "Events given up because too many waited for the index.",
  ),
  hookTries: counter("hook_tries_total", "Tries to deliver to a webhook.", "hook", "result"),
  hookLagEvents: gauge("hook_lag_events", "Numbers of events a webhook is behind at most.", "hook"),
  hookLagSeconds: gauge(
    "hook_lag_seconds",
    "Age of the oldest event a webhook could not be told; 0 when it is up to date.",
    "hook",
  ),
  hookSkipped: counter(
    "hook_skipped_events_total",
    "Numbers of events a webhook lost because it was too far behind.",
    "hook",
  ),
  logLinesLeftOut: counter(
    "log_lines_left_out_total",
    "Lines of the log that were not written because there were too many of the same event.",
    "event",
  ),
  ready: gauge("ready", "1 when GET /readyz would answer 200."),
  diskFree: gauge("data_free_bytes", "Room on the disk of the data folder."),
} as const satisfies Readonly<Record<string, Definition>>;

export type MetricKey = keyof typeof METRICS;

function counter(name: string, help: string, ...labels: string[]): Definition {
  return { kind: "counter", name: `streambank_${name}`, help, labels };
}

function gauge(name: string, help: string, ...labels: string[]): Definition {
  return { kind: "gauge", name: `streambank_${name}`, help, labels };
}

function histogram(
  name: string,
  help: string,
  buckets: readonly number[],
  ...labels: string[]
): Definition {
  return { kind: "histogram", name: `streambank_${name}`, help, labels, buckets };
}
