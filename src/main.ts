/** The process: makes the real clock, turns signals into an AbortSignal, runs the command. */
import { realClock } from "./base/clock.ts";
import { keepCompiledCode, writeCompiledCode } from "./native/compile-cache.ts";
import { tuneGarbageCollection } from "./native/gc.ts";
import { run } from "./server/cli/run.ts";

/** Commands load their modules first and are then at work. */
const COMPILED_MS = 3000;

tuneGarbageCollection();
keepCompiledCode();
realClock.after(COMPILED_MS, writeCompiledCode);

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    // A second signal ends the process at once: the default action is back.
    stop.abort();
  });
}
// A reader that goes away (`| head`) ends the command; what else goes wrong the command itself says.
process.stdout.on("error", () => stop.abort());

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: realClock,
  signal: stop.signal,
  // Only `demo` needs it.
  demoCamera: async (options) => (await import("../samples/demo-camera.ts")).runDemoCamera(options),
});
