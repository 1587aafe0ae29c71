/** How the server does: whether it is ready and why not, its last hours in charts, what happened. */
import { realClock } from "../../../src/base/clock.ts";
import {
  ask,
  askReady,
  type EventRow,
  type NodeView,
  type Ready,
  type RetentionView,
  type Sample,
  type ServerView,
} from "./api.ts";
import { showFacts } from "./camera-card.ts";
import { type Chart, chart } from "./chart.ts";
import { h } from "./dom.ts";
import { eventText } from "./event-words.ts";
import { type Context, everySoOften, type Page } from "./page.ts";
import { table } from "./table.ts";
import { wholeTime } from "./times.ts";
import { bitsText, bytesText, keptText, spanText } from "./words.ts";

const REFRESH_MS = 10_000;
const EVENTS = 30;
/** Some are of every fragment, where a webhook wants those: they are looked past. */
const EVENT_ROWS = 300;

interface Drawn {
  readonly chart: Chart;
  /** One line each; the first is read out. */
  readonly lines: readonly (readonly [label: string, of: (sample: Sample) => number | undefined])[];
}

export function systemPage({ server }: Context): Page {
  const ready = h("div.ready", { role: "status" }, "…");
  const facts = h("dl.facts", {});
  const disk = h("p", {});
  const events = h("div", {}, "…");
  const nodes = h("section.panel", { "aria-label": "Nodes", hidden: true });
  const drawn = charts();
  let samples: Sample[] = [];
  const refresh = async () => {
    const since = samples.at(-1)?.atMs ?? 0;
    const [history, newest, state, retention, newEvents, { nodes: all }] = await Promise.all([
      ask<{ samples: Sample[] }>("GET", `/v1/server/history?since=${since}`),
      ask<ServerView>("GET", "/v1/server"),
      askReady(),
      ask<RetentionView>("GET", "/v1/retention"),
      latestEvents(),
      ask<{ nodes: readonly NodeView[] }>("GET", "/v1/nodes"),
    ]);
    samples = [...samples, ...history.samples].filter(
      ({ atMs }) => atMs > newest.timeMs - 10_800_000,
    );
    for (const { chart: one, lines } of drawn)
      one.update(
        lines.map(([label, of]) => ({
          label,
          points: samples.map((sample) => ({ atMs: sample.atMs, value: of(sample) })),
        })),
      );
    ready.replaceChildren(...readyNodes(state, retention));
    showFacts(facts, serverFacts(newest));
    disk.textContent = `${diskText(newest)}${growthText(retention)}`;
    nodes.hidden = all.length === 0;
    if (all.length > 0) nodes.replaceChildren(...nodeNodes(all));
    events.replaceChildren(eventsTable(newEvents));
  };
  const stop = everySoOften(REFRESH_MS, refresh);
  const element = h(
    "section.system",
    {},
    h("h1", {}, "System"),
    h("div.panels", {}, panel("Ready", ready), panel("This server", facts, disk)),
    h("h2.apart", {}, "The last three hours"),
    h(
      "div.charts",
      {},
      drawn.map(({ chart: one }) => one.element),
    ),
    nodes,
    panel("What happened", events),
  );
  showFacts(facts, serverFacts(server));
  return { title: "System", element, close: stop };
}

function panel(title: string, ...content: readonly Node[]): HTMLElement {
  return h("section.panel", { "aria-label": title }, h("h2", {}, title), ...content);
}

function charts(): Drawn[] {
  const ms = (value: number) => (value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);
  return [
    {
      chart: chart({ title: "Coming in", about: "Media of all cameras.", words: bitsText }),
      lines: [["kbit/s", ({ kbits }) => kbits]],
    },
    {
      chart: chart({ title: "Stored", about: "All streams together.", words: bytesText }),
      lines: [["bytes", ({ storedBytes }) => storedBytes]],
    },
    {
      chart: chart({
        ...{ title: "Until it is durable", words: ms },
        about: "From a whole fragment to its PERSISTED: mean, and the longest as the thin line.",
      }),
      lines: [
        ["mean", ({ ackMs }) => ackMs],
        ["longest", ({ ackMaxMs }) => ackMaxMs],
      ],
    },
    {
      chart: chart({ title: "Viewers", about: "Of live pictures.", words: (n) => String(n) }),
      lines: [["viewers", ({ viewers }) => viewers]],
    },
    {
      chart: chart({
        ...{ title: "Oldest not in the store", words: spanText },
        about: "Age of the oldest finished pack that is not in the object store yet.",
      }),
      lines: [["age", ({ unarchivedMs }) => unarchivedMs]],
    },
    {
      chart: chart({ title: "Free on the disk", about: "Of the data folder.", words: bytesText }),
      lines: [["bytes", ({ freeBytes }) => freeBytes]],
    },
  ];
}

const CHECKS: Readonly<Record<string, string>> = {
  index: "Index",
  dataFolder: "Data folder",
  space: "Room on the disk",
  store: "Store",
  spool: "Packs on the way to the store",
  server: "Server",
};

const STATES: Readonly<Record<string, string>> = {
  ok: "good",
  warning: "warning",
  failed: "FAILED",
};

function readyNodes({ ready, checks }: Ready, { paused }: RetentionView): Node[] {
  const words = ready ? "Ready: it records and can be watched." : "NOT READY";
  const rows = Object.entries(checks).map(([name, { state, reason }]) =>
    h(
      "li",
      { class: `check-${state}` },
      h("b", {}, CHECKS[name] ?? name),
      `: ${STATES[state] ?? state}${reason === undefined ? "" : `. ${reason}`}`,
    ),
  );
  return [
    h("p", { class: ready ? "state live good" : "state offline" }, words),
    h("ul.checks", {}, rows),
    ...(paused === undefined ? [] : [h("p.trouble", {}, `Nothing is deleted: ${paused.reason}`)]),
  ];
}

function serverFacts(server: ServerView): [string, string][] {
  const { version, startedMs, timeMs, auth, tls, rtmpPort, rtmpsPort, ffmpeg, store, defaults } =
    server;
  const ports = [
    ...(rtmpPort === undefined ? [] : [`RTMP on ${rtmpPort}`]),
    ...(rtmpsPort === undefined ? [] : [`RTMPS on ${rtmpsPort}`]),
  ];
  const made = defaults.createMissing
    ? "made by their first push"
    : "made before they are pushed to";
  return [
    ["Version", version],
    ["Running", `${spanText(timeMs - startedMs)}, since ${wholeTime(startedMs)}`],
    ["Clock", clockText(timeMs)],
    ["Sign-in", auth === "on" ? "asked for" : "off: everybody may do everything"],
    ["TLS", tls ? "on" : "off"],
    ["Encoders", ports.length === 0 ? "no RTMP" : ports.join(", ")],
    ["ffmpeg", ffmpeg.found ? (ffmpeg.version ?? "there") : "not there: no IP cameras, no stills"],
    ["Store", store === "s3" ? "a bucket" : "a folder"],
    ["New streams", `kept ${keptText(defaults.retentionHours)}, ${made}`],
  ];
}

/** A clock that is wrong files recordings under wrong times: it is held against the reader's. */
function clockText(timeMs: number): string {
  const apart = Math.abs(timeMs - realClock.now());
  const text = wholeTime(timeMs);
  return apart < 5000 ? text : `${text}, ${spanText(apart)} apart from this device's`;
}

function diskText({ disk }: ServerView): string {
  if (disk === undefined) return "";
  const { freeBytes, totalBytes, stopBytes, floorBytes } = disk;
  const share = Math.round((freeBytes / totalBytes) * 100);
  const floor =
    floorBytes === 0 ? "" : ` The oldest goes with less than ${bytesText(floorBytes)} free.`;
  return `Disk: ${bytesText(freeBytes)} of ${bytesText(totalBytes)} free (${share} %). Recording waits with less than ${bytesText(stopBytes)}.${floor}`;
}

/** Of what was seen over a day or more. */
function growthText({ forecast }: RetentionView): string {
  if (forecast === undefined) return "";
  const { overHours, recordedPerDay, daysLeft } = forecast;
  const seen = ` Over the last ${spanText(overHours * 3_600_000)} ${bytesText(recordedPerDay)} a day were recorded`;
  const left =
    daysLeft === undefined
      ? ""
      : `; as it grows, the room lasts ${spanText(daysLeft * 86_400_000)}`;
  return `${seen}${left}.`;
}

const NODES: Readonly<Record<string, string>> = { up: "up", gone: "not heard of", lost: "LOST" };

function nodeNodes(nodes: readonly NodeView[]): Node[] {
  const rows = nodes.map(({ id, url, state, seenMs, here }) => [
    here ? `${id} (this one)` : id,
    url,
    NODES[state] ?? state,
    seenMs === undefined ? "" : wholeTime(seenMs),
  ]);
  return [
    h("h2", {}, "Nodes"),
    table("Nodes", ["Node", "Address", "State", "Last heard of"], rows),
  ];
}

async function latestEvents(): Promise<readonly EventRow[]> {
  const { lastId } = await ask<{ lastId: number }>("GET", "/v1/events?limit=1");
  const after = Math.max(0, lastId - EVENT_ROWS);
  const { events } = await ask<{ events: EventRow[] }>(
    "GET",
    `/v1/events?after=${after}&limit=${EVENT_ROWS}`,
  );
  return events
    .filter(({ type }) => type !== "fragment.persisted")
    .reverse()
    .slice(0, EVENTS);
}

function eventsTable(events: readonly EventRow[]): HTMLElement {
  if (events.length === 0) return h("p", {}, "Nothing yet.");
  const rows = events.map((event) => [
    wholeTime(event.timeMs),
    event.stream ?? "",
    eventText(event),
  ]);
  return table("What happened", ["When", "Stream", "What"], rows);
}
