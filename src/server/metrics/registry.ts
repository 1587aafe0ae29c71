/** Metrics kept and printed by prom-client; this is the only file that imports it (docs/decisions/0011-prom-client.md). */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type Definition, METRICS, type MetricKey } from "./definitions.ts";

type Labels = Readonly<Record<string, string | number>>;

const NO_LABELS: Labels = {};

/** One server's metrics. No state is shared between servers of one process. */
export class MetricsRegistry {
  readonly #registry = new Registry();
  readonly #metrics = new Map<MetricKey, Counter | Gauge | Histogram>();
  /** Called before every page. */
  readonly #collectors: (() => Promise<void> | void)[] = [];
  #page: Promise<string> | undefined;

  /** `ofProcess`: with memory, CPU, event loop and garbage collection of this process. Default true. */
  constructor({ ofProcess = true }: { ofProcess?: boolean } = {}) {
    if (ofProcess) collectDefaultMetrics({ register: this.#registry });
    for (const [key, definition] of Object.entries(METRICS))
      this.#metrics.set(key as MetricKey, make(definition, this.#registry));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Names of all metrics, those of the process included. */
  names(): readonly string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  add(key: MetricKey, by = 1, labels: Labels = NO_LABELS): void {
    const metric = this.#metrics.get(key);
    if (metric instanceof Counter || metric instanceof Gauge) metric.inc(labels, by);
  }

  set(key: MetricKey, value: number, labels: Labels = NO_LABELS): void {
    const metric = this.#metrics.get(key);
    if (metric instanceof Gauge) metric.set(labels, value);
  }

  observe(key: MetricKey, value: number, labels: Labels = NO_LABELS): void {
    const metric = this.#metrics.get(key);
    if (metric instanceof Histogram) metric.observe(labels, value);
  }

  /** Takes back one combination of labels. */
  forget(key: MetricKey, labels: Labels): void {
    this.#metrics.get(key)?.remove(labels);
  }

  /** Gauges that are asked for and not counted. A collector that fails leaves its gauges as they were. */
  collect(run: () => Promise<void> | void): void {
    this.#collectors.push(run);
  }

  /** In the text format of Prometheus. Requests at the same time share one. */
  page(): Promise<string> {
    this.#page ??= this.#make().finally(() => {
      this.#page = undefined;
    });
    return this.#page;
  }

  async #make(): Promise<string> {
    await Promise.allSettled(this.#collectors.map(async (run) => run()));
    return this.#registry.metrics();
  }
}

function make(definition: Definition, registry: Registry): Counter | Gauge | Histogram {
  const { kind, name, help, labels, buckets = [] } = definition;
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  if (kind === "counter") return new Counter(common);
  if (kind === "gauge") return new Gauge(common);
  return new Histogram({ ...common, buckets: [...buckets] });
}
