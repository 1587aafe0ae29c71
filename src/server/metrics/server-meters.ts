/** What ingest, archive and hooks count, as metrics. */
import type { Meters } from "../../base/meters.ts";
import type { EventMeters } from "../events/event-meters.ts";
import type { MetricsRegistry } from "./registry.ts";
import { OTHER, StreamLabels } from "./stream-labels.ts";

export interface MeterOptions {
  /** Streams with figures of their own. Default 1000. */
  readonly maxStreams?: number;
}

export function serverMeters(
  registry: MetricsRegistry,
  { maxStreams = 1000 }: MeterOptions = {},
): Meters & EventMeters {
  return { ...mediaMeters(registry, new StreamLabels(maxStreams)), ...eventMeters(registry) };
}

function mediaMeters(registry: MetricsRegistry, labels: StreamLabels): Meters {
  return {
    session: (change) => registry.add("sessions", change),
    fragmentReceived(stream, bytes, skewMs) {
      const label = { stream: labels.label(stream) };
      registry.add("receivedFragments", 1, label);
      registry.add("receivedBytes", bytes, label);
      // The skew of whichever stream came last would mean nothing.
      if (label.stream !== OTHER || stream === OTHER)
        registry.set("clockSkew", skewMs / 1000, label);
    },
    fragmentPersisted(stream, ackMs) {
      registry.add("persistedFragments", 1, { stream: labels.label(stream) });
      registry.observe("ackSeconds", ackMs / 1000);
    },
    fragmentRefused: (code) => registry.add("refusedFragments", 1, { code }),
    commit(rows, ms) {
      registry.observe("commitRows", rows);
      registry.observe("commitSeconds", ms / 1000);
    },
    commitFailed: () => registry.add("commitFailures"),
    fsync: (ms) => registry.observe("fsyncSeconds", ms / 1000),
    packSealed(bytes) {
      registry.add("packsSealed");
      registry.add("sealedBytes", bytes);
    },
    storeError: (kind) => registry.add("storeErrors", 1, { kind }),
    upload(result, bytes, ms) {
      registry.add("uploads", 1, { result });
      registry.observe("uploadSeconds", ms / 1000, { result });
      if (result === "ok") registry.add("uploadedBytes", bytes);
    },
    removed(cause, packs, bytes) {
      registry.add("removedPacks", packs, { cause });
      registry.add("removedBytes", bytes, { cause });
    },
    gap(cause, lengthUs) {
      registry.add("gaps", 1, { cause });
      registry.add("gapSeconds", lengthUs / 1e6, { cause });
    },
  };
}

function eventMeters(registry: MetricsRegistry): EventMeters {
  return {
    eventsDropped: (count) => registry.add("eventsDropped", count),
    hookTried: (hook, result) => registry.add("hookTries", 1, { hook, result }),
    hookLag(hook, events, ageSeconds) {
      registry.set("hookLagEvents", events, { hook });
      registry.set("hookLagSeconds", ageSeconds, { hook });
    },
    hookSkipped: (hook, events) => registry.add("hookSkipped", events, { hook }),
    hookGone(hook) {
      for (const result of ["ok", "failed"]) registry.forget("hookTries", { hook, result });
      for (const key of ["hookLagEvents", "hookLagSeconds", "hookSkipped"] as const)
        registry.forget(key, { hook });
    },
  };
}
