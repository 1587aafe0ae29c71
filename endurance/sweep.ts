/** Every step of the fault sweep, on all real engines, in both ways. Prints how many there were; a failure ends it with its label. */
import { realClock } from "../src/base/clock.ts";
import { sweep } from "../test/support/sweep.ts";
import { startSweepEngines } from "../test/support/sweep-kinds.ts";

await using engines = await startSweepEngines();
console.log("| engines | not done | done, reply lost | took |");
console.log("|---|---|---|---|");
for (const kind of engines.kinds(1, 0)) {
  const began = realClock.elapsed();
  const lost = await sweep(kind, { effect: "lost", persistent: false });
  const done = await sweep(kind, { effect: "done", persistent: false });
  const took = ((realClock.elapsed() - began) / 1000).toFixed(0);
  console.log(`| ${kind.name} | ${lost} steps | ${done} steps | ${took} s |`);
}
