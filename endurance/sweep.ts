/**
 * Every step of the fault sweep, on all engines, in both ways. Prints how many there were; a failure ends it with its label.
 * Arguments: parts of the names of engines (default: all).
 */
import { realClock } from "../src/base/clock.ts";
import { folderWorld, memoryWorld, sweep, type WorldKind } from "../test/support/sweep.ts";
import { startSweepEngines } from "../test/support/sweep-kinds.ts";

const wanted = process.argv.slice(2);
const isWanted = ({ name }: WorldKind) =>
  wanted.length === 0 || wanted.some((part) => name.includes(part));

await using engines = await startSweepEngines();
console.log(
  "| engines | steps | kinds of steps | not done | done, reply lost | a second failure | took |",
);
console.log("|---|---|---|---|---|---|---|");
for (const kind of [folderWorld, memoryWorld, ...engines.kinds(1, 0)].filter(isWanted)) {
  const began = realClock.elapsed();
  const lost = await sweep(kind, { effect: "lost", persistent: false });
  const done = await sweep(kind, { effect: "done", persistent: false });
  const took = ((realClock.elapsed() - began) / 1000).toFixed(0);
  const again = Math.floor(lost.failed / 2) + Math.floor(done.failed / 2);
  const counts = [lost.steps, lost.kinds.size, lost.failed, done.failed, again];
  console.log(`| ${kind.name} | ${counts.join(" | ")} | ${took} s |`);
}
