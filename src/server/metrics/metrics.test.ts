/** The page of metrics: its format, read by a parser of our own, its figures, and its documentation. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fastify } from "fastify";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { millis } from "../../base/units.ts";
import { Readiness } from "../readiness.ts";
import { collectGauges } from "./collectors.ts";
import { METRICS } from "./definitions.ts";
import { countRequests } from "./http-metrics.ts";
import { MetricsRegistry } from "./registry.ts";
import { serverMeters } from "./server-meters.ts";

interface Family {
  readonly type: string;
  readonly samples: Map<string, number>;
}

/** Text format 0.0.4: every line is HELP, TYPE or a sample of the family before it; no sample comes twice. prom-client writes `Nan`: any case will do (Go, ParseFloat). */
function parsePage(page: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: [string, Family] | undefined;
  assert.ok(page.endsWith("\n"));
  for (const line of page.split("\n").filter((text) => text !== "")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\w+) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") assert.ok(rest.length > 0, line);
    else if (kind === "TYPE") {
      assert.match(rest, /^(counter|gauge|histogram|summary)$/);
      assert.ok(!families.has(name), `${name} comes twice`);
      current = [name, { type: rest, samples: new Map() }];
      families.set(...current);
    } else {
      const found = /^(\w+)(\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})? (-?[\d.e+-]+|Nan|[+-]Inf)$/.exec(
        line,
      );
      assert.ok(found !== null && current !== undefined, `not a sample: ${line}`);
      const [, sample = "", labels = "", value] = found;
      assert.ok(sample.startsWith(current[0]), `${sample} stands under ${current[0]}`);
      assert.ok(!current[1].samples.has(sample + labels), `${sample}${labels} comes twice`);
      current[1].samples.set(sample + labels, Number(value));
    }
  }
  return families;
}

async function valuesOf(registry: MetricsRegistry, name: string) {
  const families = parsePage(await registry.page());
  return Object.fromEntries(families.get(`streambank_${name}`)?.samples ?? []);
}

suite("metrics", () => {
  test("the page has every metric, in the format of Prometheus", async () => {
    const registry = new MetricsRegistry();
    const families = parsePage(await registry.page());
    for (const { name, kind } of Object.values(METRICS))
      assert.equal(families.get(name)?.type, kind, name);
    assert.ok(families.has("process_cpu_seconds_total"));
    assert.ok(families.has("nodejs_eventloop_lag_seconds"));
  });

  test("the documentation has every metric with its kind and labels, and no other", () => {
    const path = join(import.meta.dirname, "../../../docs/reference/metrics.md");
    const rows = readFileSync(path, "utf8").matchAll(
      /^\| `(streambank_\w+)` \| (\w+) \| (.*?) \|/gm,
    );
    const said = [...rows].map(([, name = "", kind = "", labels = ""]) => [
      name,
      kind,
      [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    ]);
    const real = Object.values(METRICS).map(({ name, kind, labels }) => [name, kind, [...labels]]);
    const order = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
    assert.deepEqual(said.sort(order), real.sort(order));
  });

  test("streams beyond the bound are counted together", async () => {
    const registry = new MetricsRegistry({ ofProcess: false });
    const meters = serverMeters(registry, { maxStreams: 2 });
    for (const stream of ["a", "b", "c", "d", "a"]) meters.fragmentReceived(stream, 10, 250);
    assert.deepEqual(await valuesOf(registry, "received_bytes_total"), {
      'streambank_received_bytes_total{stream="a"}': 20,
      'streambank_received_bytes_total{stream="b"}': 10,
      'streambank_received_bytes_total{stream="other"}': 20,
    });
    assert.deepEqual(await valuesOf(registry, "clock_skew_seconds"), {
      'streambank_clock_skew_seconds{stream="a"}': 0.25,
      'streambank_clock_skew_seconds{stream="b"}': 0.25,
    });
  });

  test("times fall into buckets, in seconds", async () => {
    const registry = new MetricsRegistry({ ofProcess: false });
    const meters = serverMeters(registry);
    for (const ms of [0.5, 20, 700, 60_000]) meters.fragmentPersisted("a", ms);
    const values = await valuesOf(registry, "ack_seconds");
    const bucket = (le: string) => values[`streambank_ack_seconds_bucket{le="${le}"}`];
    assert.deepEqual(["0.001", "0.025", "1", "10", "+Inf"].map(bucket), [1, 2, 3, 3, 4]);
    assert.equal(values.streambank_ack_seconds_count, 4);
    assert.ok(Math.abs(Number(values.streambank_ack_seconds_sum) - 60.7205) < 1e-9);
  });

  test("requests are counted by route, not by what was asked for", async () => {
    const registry = new MetricsRegistry({ ofProcess: false });
    const app = fastify();
    countRequests(app, registry);
    app.get("/v1/streams/:name", async () => "");
    app.get("/raw", (_req, reply) => {
      reply.hijack();
      reply.raw.writeHead(206).end();
    });
    for (const url of ["/v1/streams/a", "/v1/streams/b", "/nowhere/1", "/nowhere/2", "/raw"])
      await app.inject(url);
    const name = (labels: string) => `streambank_http_requests_total{method="GET",${labels}}`;
    assert.deepEqual(await valuesOf(registry, "http_requests_total"), {
      [name('route="/v1/streams/:name",status="200"')]: 2,
      [name('route="none",status="404"')]: 2,
      [name('route="/raw",status="206"')]: 1,
    });
    await app.close();
  });

  test("what is asked for at each page, and an index that is away leaves the rest readable", async () => {
    const clock = new FakeClock();
    const registry = new MetricsRegistry({ ofProcess: false });
    let away = false;
    collectGauges(registry, {
      clock,
      live: { totals: () => ({ liveStreams: 3, viewers: 5 }) },
      readiness: new Readiness({ clock, checks: [] }),
      eventsWaiting: () => 7,
      unarchived: async () => {
        if (away) throw new Error("away");
        const oldestMs = millis(clock.now() - 90_000);
        const oldestAsideMs = millis(clock.now() - 80_000);
        return { packs: 2, bytes: 900, oldestMs, aside: 1, oldestAsideMs, fault: undefined };
      },
      freeBytes: async () => 1e9,
    });
    const page = parsePage(await registry.page());
    const value = (name: string) =>
      page.get(`streambank_${name}`)?.samples.get(`streambank_${name}`);
    assert.deepEqual(
      ["live_streams", "viewers", "events_waiting", "spool_bytes", "ready", "data_free_bytes"].map(
        value,
      ),
      [3, 5, 7, 900, 1, 1e9],
    );
    assert.equal(value("oldest_unarchived_seconds"), 90);
    assert.deepEqual([value("aside_packs"), value("oldest_aside_seconds")], [1, 80]);
    away = true;
    assert.deepEqual(Object.values(await valuesOf(registry, "viewers")), [5]);
  });
});
