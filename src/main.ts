/** The process: makes the real clock, turns signals into an AbortSignal, runs the command. */
import { setFlagsFromString } from "node:v8";
import { runDemoCamera } from "../samples/demo-camera.ts";
import { realClock } from "./base/clock.ts";
import { run } from "./server/cli/run.ts";

// Media passes through as external buffers. By default every 64 MB of them start a full collection of
// the heap, and later the limit is set too tight: both cost more than all the parsing (docs/decisions/0006-gc-and-external-memory.md).
setFlagsFromString("--external-memory-accounted-in-global-limit");
setFlagsFromString("--heap-growing-percent=300");

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    // A second signal ends the process at once: the default action is back.
    stop.abort();
  });
}
// A reader that goes away (`| head`) is not an error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  stop.abort();
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: realClock,
  signal: stop.signal,
  demoCamera: runDemoCamera,
});
