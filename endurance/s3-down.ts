/**
 * The object store is away while cameras go on: nothing is lost, reads work from the spool, and afterwards it is drained faster
 * than it was filled, the cameras still going on. Arguments: minutes of media, cameras, speed (media seconds per second).
 */
import { realClock, sleep } from "../src/base/clock.ts";
import { Cameras } from "./cameras.ts";
import { Engines } from "./engines.ts";

const BITRATE = 2_000_000;
/** A pack that has been sealed just now is not behind. */
const FRESH_SECONDS = 10;

const [minutes = 10, count = 20, speed = 1] = process.argv.slice(2).map(Number);
const wait = (ms: number) => sleep(realClock, ms);

await using engines = await Engines.start({ osds: 1, store: "bluestore", gateways: 1 });
await engines.startServer();
const cameras = new Cameras({ url: engines.server.url, count, bitrate: BITRATE, speed });
cameras.start();
await wait(5000);
engines.ceph.signal("client.rgw.0", "SIGKILL");
console.log("the gateway is down");
const until = cameras.seconds + minutes * 60;
while (cameras.seconds < until) await wait(500);
const silence = cameras.silence();
console.log(`${cameras.persisted} fragments PERSISTED meanwhile, ${cameras.errors} errors told`);
console.log(`longest time without a PERSISTED of any camera ${(silence / 1000).toFixed(1)} s`);
const during = await cameras.verify(engines.server.url, cameras.sure);
console.log(`while it is down: ${JSON.stringify(during)}`);

const bytes = await engines.metric("streambank_spool_bytes");
const age = await engines.metric("streambank_oldest_unarchived_seconds");
console.log(`spool ${(bytes / 1e6).toFixed(0)} MB, oldest ${age.toFixed(0)} s`);
const uploaded = () => engines.metric("streambank_uploaded_bytes_total");
const before = await uploaded();
const [started, mediaThen] = [realClock.elapsed(), cameras.seconds];
await engines.ceph.revive();
const behind = () => engines.metric("streambank_oldest_unarchived_seconds");
while ((await behind()) > FRESH_SECONDS) await wait(250);
const took = (realClock.elapsed() - started) / 1000;
const drained = (await uploaded()) - before;
const rate = (drained * 8) / (count * BITRATE) / took;
const made = cameras.seconds - mediaThen;
console.log(
  `drained ${(drained / 1e6).toFixed(0)} MB in ${took.toFixed(1)} s while ${made.toFixed(0)} s more were made`,
);
console.log(`${rate.toFixed(1)} × real time (bar 5)`);

const left = await cameras.stop();
while ((await engines.metric("streambank_unarchived_packs")) > 0) await wait(250);
const after = await cameras.verify(engines.server.url);
console.log(`afterwards: left unsent ${left}, ${JSON.stringify(after)}`);
const wrong = [during, after].flatMap(({ frames, ...rest }) => Object.values(rest));
process.exitCode = left === 0 && rate >= 5 && wrong.every((n) => n === 0) ? 0 : 1;
