/**
 * The object store is away while cameras go on: nothing is lost, reads work from the spool, and afterwards it is drained faster
 * than it was filled. Arguments: minutes of media, cameras, speed (media seconds per second).
 */
import { realClock, sleep } from "../src/base/clock.ts";
import { Cameras } from "./cameras.ts";
import { Engines } from "./engines.ts";

const [minutes = 10, count = 20, speed = 1] = process.argv.slice(2).map(Number);
const wait = (ms: number) => sleep(realClock, ms);

await using engines = await Engines.start({ osds: 1, store: "bluestore", gateways: 1 });
await engines.startServer();
const cameras = new Cameras({ url: engines.server.url, count, bitrate: 2_000_000, speed });
cameras.start();
await wait(5000);
engines.ceph.signal("client.rgw.0", "SIGKILL");
console.log("the gateway is down");
const until = cameras.seconds + minutes * 60;
while (cameras.seconds < until) await wait(500);
const persisted = cameras.persisted;
console.log(`${persisted} fragments PERSISTED meanwhile, ${cameras.errors} errors told`);
const left = await cameras.stop();
const during = await cameras.verify(engines.server.url);
console.log(`while it is down: left unsent ${left}, ${JSON.stringify(during)}`);
const bytes = await engines.metric("streambank_spool_bytes");
const age = await engines.metric("streambank_oldest_unarchived_seconds");
console.log(`spool ${(bytes / 1e6).toFixed(0)} MB, oldest ${age.toFixed(0)} s`);
const started = realClock.elapsed();
await engines.ceph.revive();
while ((await engines.metric("streambank_unarchived_packs")) > 0) await wait(250);
const took = (realClock.elapsed() - started) / 1000;
const mediaSeconds = (bytes * 8) / (count * 2_000_000);
const rate = mediaSeconds / took;
console.log(`drained in ${took.toFixed(1)} s: ${rate.toFixed(1)} × real time (bar 5)`);
const after = await cameras.verify(engines.server.url);
console.log(`afterwards: ${JSON.stringify(after)}`);
const wrong = [during, after].flatMap(({ frames, ...rest }) => Object.values(rest));
process.exitCode = left === 0 && rate >= 5 && wrong.every((n) => n === 0) ? 0 : 1;
