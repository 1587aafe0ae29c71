/**
 * Twenty cameras, and everything they depend on is killed or frozen in turn while they go on. Prints a table:
 * how long no fragment was PERSISTED at worst, and at the end what is missing or doubled, which must be nothing.
 * Arguments: cameras, seconds per event, rounds.
 */
import { realClock, sleep } from "../src/base/clock.ts";
import { Cameras } from "./cameras.ts";
import { Engines } from "./engines.ts";

const [count = 20, seconds = 15, rounds = 1] = process.argv.slice(2).map(Number);
const wait = (ms: number) => sleep(realClock, ms);

await using engines = await Engines.start({ osds: 3, store: "bluestore", gateways: 1 });
await engines.startServer();
const cameras = new Cameras({ url: engines.server.url, count, bitrate: 2_000_000 });
cameras.start();

interface Event {
  readonly name: string;
  run(): Promise<void>;
}

const events: readonly Event[] = [
  { name: "nothing", run: async () => {} },
  {
    name: "server, kill -9, started again",
    run: async () => {
      await engines.server.kill();
      await engines.startServer();
    },
  },
  {
    name: "one OSD of three, kill -9, back after 5 s",
    run: async () => {
      engines.ceph.signal("osd.1", "SIGKILL");
      await wait(5000);
      await engines.ceph.revive();
    },
  },
  {
    name: "one OSD of three, SIGSTOP for 10 s",
    run: async () => {
      engines.ceph.signal("osd.2", "SIGSTOP");
      await wait(10_000);
      engines.ceph.signal("osd.2", "SIGCONT");
    },
  },
  {
    name: "gateway, kill -9, back after 5 s",
    run: async () => {
      engines.ceph.signal("client.rgw.0", "SIGKILL");
      await wait(5000);
      await engines.ceph.revive();
    },
  },
  {
    name: "PostgreSQL, stopped at once, back after 5 s",
    run: async () => {
      await engines.postgres.stop();
      await wait(5000);
      await engines.postgres.start();
    },
  },
  {
    name: "PostgreSQL, kill -9, back after 5 s",
    run: async () => {
      await engines.postgres.kill();
      await wait(5000);
      await engines.postgres.start();
    },
  },
  {
    name: "one connection's process of PostgreSQL, kill -9",
    run: () => engines.postgres.killBackend(),
  },
  {
    name: "PostgreSQL, SIGSTOP for 5 s",
    run: async () => {
      await engines.postgres.freeze();
      await wait(5000);
      await engines.postgres.thaw();
    },
  },
];

await wait(10_000);
console.log("| event | longest time without a PERSISTED | fragments in that time | errors told |");
console.log("|---|---|---|---|");
for (const { name, run } of Array.from({ length: rounds }, () => events).flat()) {
  cameras.silence();
  const [persisted, errors] = [cameras.persisted, cameras.errors];
  const started = realClock.elapsed();
  await run();
  await wait(Math.max(3000, seconds * 1000 - (realClock.elapsed() - started)));
  const silence = (cameras.silence() / 1000).toFixed(1);
  const told = cameras.errors - errors;
  console.log(`| ${name} | ${silence} s | ${cameras.persisted - persisted} | ${told} |`);
}
const left = await cameras.stop();
for (let i = 0; i < 120 && (await engines.metric("streambank_unarchived_packs")) > 0; i++)
  await wait(1000);
const verdict = await cameras.verify(engines.server.url);
console.log(`\n${cameras.seconds.toFixed(0)} s of ${count} cameras, left unsent ${left}`);
console.log(JSON.stringify(verdict));
const { missing, doubled, foreign, dropped, order } = verdict;
process.exitCode = left + missing + doubled + foreign + dropped + order === 0 ? 0 : 1;
