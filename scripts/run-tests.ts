/**
 * Runs every `*.test.ts`. An argument that is a part of a path picks files (`npm test -- archive flow`),
 * `--name=REGEX` picks tests by name, `--timeout=MS` ends a test or file that takes longer. Says only what failed and
 * what was skipped, then one line of figures.
 */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { run } from "node:test";
import { killTree } from "./process-tree.ts";
import { TestTally } from "./test-tally.ts";
import { Watchdog } from "./watchdog.ts";

const FOLDERS = "{src,producer-sdk,player,test,scripts,samples,bench}/**/*.test.ts";
/** A test or a file that takes longer hangs. */
const TIMEOUT_MS = 420_000;

/** The test files whose path contains one of the filters; all without filters. Long ones first. */
export function testFiles(root: string, filters: readonly string[]): string[] {
  const all = globSync(FOLDERS, { cwd: root, exclude: (name) => name === "node_modules" }).sort();
  const picked = all.filter(
    (f) => filters.length === 0 || filters.some((part) => f.includes(part)),
  );
  // Whole-path tests take longest: begun first, they do not leave one core idle at the end.
  return picked.sort((a, b) => Number(b.startsWith("test/")) - Number(a.startsWith("test/")));
}

async function main(args: readonly string[]): Promise<number> {
  const root = join(import.meta.dirname, "..");
  const names = args
    .filter((arg) => arg.startsWith("--name="))
    .map((arg) => new RegExp(arg.slice(7)));
  const given = args.find((arg) => arg.startsWith("--timeout="))?.slice(10);
  const timeout = given === undefined ? TIMEOUT_MS : Number(given);
  const files = testFiles(
    root,
    args.filter((arg) => !arg.startsWith("--")),
  );
  if (files.length === 0) {
    console.error(`no test file matches ${args.join(" ")}`);
    return 1;
  }
  // Every file is a process of its own, and many start servers: none should strip and compile the same sources again.
  process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules/.cache/node-compile");
  const tally = new TestTally((path) => relative(root, path));
  const events = run({
    files: files.map((file) => join(root, file)),
    cwd: root,
    concurrency: Math.max(2, Math.min(4, availableParallelism())),
    execArgv: ["--disable-warning=ExperimentalWarning"],
    timeout,
    ...(names.length > 0 ? { testNamePatterns: names } : {}),
  });
  using watchdog = new Watchdog({
    timeoutMs: timeout,
    overdue: (file) => console.log(tally.hangs(file, killTree(file))),
  });
  for await (const event of events) {
    watchdog.take(event);
    const line = tally.take(event);
    if (line !== undefined) console.log(line);
  }
  console.log(tally.summary());
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
