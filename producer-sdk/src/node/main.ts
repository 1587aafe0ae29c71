/** The process of `streambank-producer`: makes the real clock and turns signals into an AbortSignal. */
import { realClock } from "../../../src/base/clock.ts";
import { run } from "./cli.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // A second signal ends the process at once: the default action is back.
  process.once(signal, () => stop.abort());
}
process.stdout.on("error", () => stop.abort());

// Timers of the clock do not keep a process alive; one that waits for its camera and its server must stay.
const alive = new MessageChannel();
alive.port1.on("message", () => {});
const { stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), {
  ...{ stdout, stderr, clock: realClock, signal: stop.signal },
});
alive.port1.close();
