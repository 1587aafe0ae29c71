/**
 * Two nodes on one PostgreSQL and one S3: cameras on one, viewers on the other, and the recording node is killed, again and again.
 * Prints how long it took until the other one had taken each stream over, and what the viewers saw of it. Pictures are small: this is about
 * who records, not about bytes. Arguments: rounds, cameras, viewers, seconds of a lease.
 */
import { realClock, sleep } from "../src/base/clock.ts";
import { NumberedCamera, NumberedViewer } from "../test/support/node-camera.ts";
import { listed } from "../test/support/node-place.ts";
import { Engines } from "./engines.ts";

const [rounds = 4, count = 20, watching = 50, leaseSeconds = 5] = process.argv.slice(2).map(Number);
/** On top of the lease: until the producers are there again, and their first fragment is PERSISTED. */
const MARGIN_SECONDS = 5;
/** What a viewer has seen before the kill, and after it. */
const FRAMES = 50;

/** What the first cameras send is looked at by nobody. */
const LONG_AGO_MS = 1_000_000_000_000;

const wait = (ms: number) => sleep(realClock, ms);
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(20);
}

await using engines = await Engines.start({ gateways: 1 });
const lease = ["--lease-seconds", String(leaseSeconds)];
let recorder = await engines.startNode("a", lease);
const viewing = await engines.startNode("b", lease);

interface Round {
  /** By camera: from the kill to the first PERSISTED at the other node, ms. */
  readonly takeovers: number[];
  /** By viewer: numbers between its first and its last picture that it did not get. */
  readonly missed: number[];
  /** By viewer: the longest time without a picture, ms. */
  readonly still: number[];
  /** What the viewers were told, by type, after the kill. */
  readonly told: Map<string, number>;
  /** By viewer: pictures it got again, because they were not PERSISTED when the node died. */
  readonly again: number[];
  lost: number;
}

/** Sockets of viewers are never closed by a takeover. */
let closed = 0;

async function play(round: number): Promise<Round> {
  const streams = Array.from({ length: count }, (_, i) => `r${round}-cam-${i}`);
  // Another camera has each stream begin at the recorder, until the one that asks the other node is there.
  const first = streams.map((stream) => new NumberedCamera(recorder.url, stream, LONG_AGO_MS));
  await until(() => first.every(({ producer }) => producer.stats.connected));
  const cameras = streams.map((stream) => new NumberedCamera(viewing.url, stream));
  await until(() => cameras.every(({ producer }) => producer.stats.connected));
  await Promise.all(first.map((camera) => camera.end()));
  const viewers = await Promise.all(
    Array.from({ length: watching }, (_, i) =>
      NumberedViewer.open(viewing.url, streams[i % count] ?? ""),
    ),
  );
  await Promise.all(viewers.map((viewer) => viewer.until(() => viewer.numbers.length > FRAMES)));
  await until(() => cameras.every(({ persisted }) => persisted.length >= 2));
  const strays = await engines.metric("streambank_sessions", viewing.url);
  if (strays !== 0) throw new Error(`${strays} cameras are at the node of the viewers`);
  const before = cameras.map(({ persisted }) => persisted.length);
  const seen = viewers.map(({ texts, numbers }) => [texts.length, numbers.at(-1) ?? 0] as const);
  const killed = realClock.elapsed();
  await recorder.kill();
  const takeovers = cameras.map(async ({ persisted }, i) => {
    await until(() => persisted.length > (before[i] ?? 0));
    return realClock.elapsed() - killed;
  });
  const still = viewers.map(async (viewer, i) => {
    await viewer.until(() => (viewer.numbers.at(-1) ?? 0) > (seen[i]?.[1] ?? 0));
    return realClock.elapsed() - killed;
  });
  const result: Round = {
    ...{ takeovers: await Promise.all(takeovers), still: await Promise.all(still) },
    ...{ missed: [], again: [], told: new Map(), lost: 0 },
  };
  await Promise.all(
    viewers.map((viewer, i) =>
      viewer.until(() => (viewer.numbers.at(-1) ?? 0) > (seen[i]?.[1] ?? 0) + FRAMES),
    ),
  );
  for (const [i, viewer] of viewers.entries()) judge(viewer, seen[i]?.[0] ?? 0, result);
  for (const viewer of viewers) viewer.close();
  for (const camera of cameras) camera.stop();
  await Promise.all(cameras.map(({ producer }) => producer.flush(20_000)));
  recorder = await engines.startNode("a", lease);
  for (const [i, { persisted }] of cameras.entries()) {
    const found = async () => {
      const numbers = (await listed(viewing.url, streams[i] ?? "")).map(({ number }) => number);
      return persisted.filter((number) => !numbers.includes(number)).length;
    };
    // Its packs are there when the node that was killed has recovered them.
    for (let tries = 0; tries < 500 && (await found()) > 0; tries++) await wait(20);
    result.lost += await found();
  }
  for (const camera of cameras) await camera.end();
  return result;
}

function judge({ numbers, texts, closed: ended }: NumberedViewer, from: number, into: Round): void {
  if (ended) closed++;
  const got = new Set(numbers);
  into.again.push(numbers.length - got.size);
  const [first = 0, last = -1] = [Math.min(...numbers), Math.max(...numbers)];
  into.missed.push(last - first + 1 - got.size);
  for (const { type } of texts.slice(from)) into.told.set(type, (into.told.get(type) ?? 0) + 1);
}

const at = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? Number.NaN;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

console.log(`leases of ${leaseSeconds} s, ${count} cameras, ${watching} viewers`);
console.log(
  "| round | takeover, p50 / max | no picture for, p50 / max | missed, p50 / max | told |",
);
console.log("|---|---|---|---|---|---|");
const all: Round[] = [];
for (let round = 1; round <= rounds; round++) {
  const result = await play(round);
  all.push(result);
  const { takeovers, still, missed, again, told } = result;
  const both = (values: readonly number[]) =>
    `${seconds(at(values, 0.5))} / ${seconds(Math.max(...values))}`;
  const counted = [missed, again]
    .map((values) => `${at(values, 0.5)} / ${Math.max(...values)}`)
    .join(" | ");
  const texts = [...told].map(([type, times]) => `${type} ${times}`).join(", ");
  console.log(`| ${round} | ${both(takeovers)} | ${both(still)} | ${counted} | ${texts} |`);
}
const takeovers = all.flatMap((round) => round.takeovers);
const lost = all.reduce((sum, round) => sum + round.lost, 0);
console.log(
  `\nall: takeover p50 ${seconds(at(takeovers, 0.5))}, max ${seconds(Math.max(...takeovers))} (bar ${leaseSeconds + MARGIN_SECONDS} s)`,
);
console.log(`PERSISTED and lost ${lost}, viewers that lost their socket ${closed}`);
const late = Math.max(...takeovers) >= (leaseSeconds + MARGIN_SECONDS) * 1000;
process.exitCode = late || lost + closed > 0 ? 1 : 0;
