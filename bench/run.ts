/** Runs the benchmarks, one after the other: all, or those named (`npm run bench -- ingest ack`). */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { basename, join } from "node:path";

/** Files of this folder that are not benchmarks say so by their name. */
const HELPERS =
  /^(run|harness|media|process-cpu|sides|camera-feed|index-fill|.*-side|.*\.test)\.ts$/;

function main(args: readonly string[]): number {
  const folder = import.meta.dirname;
  const flags = args.filter((arg) => arg.startsWith("--"));
  const named = args.filter((arg) => !arg.startsWith("--"));
  const all = globSync("*.ts", { cwd: folder })
    .filter((file) => !HELPERS.test(file))
    .map((file) => basename(file, ".ts"))
    .sort();
  const unknown = named.filter((name) => !existsSync(join(folder, `${name}.ts`)));
  if (unknown.length > 0) {
    console.error(`no benchmark ${unknown.join(", ")}; there are: ${all.join(", ")}`);
    return 2;
  }
  const failed: string[] = [];
  for (const name of named.length > 0 ? named : all) {
    console.error(`— ${name}`);
    const file = join(folder, `${name}.ts`);
    const node = ["--disable-warning=ExperimentalWarning", "--expose-gc", file, ...flags];
    if (spawnSync(process.execPath, node, { stdio: "inherit" }).status !== 0) failed.push(name);
  }
  if (failed.length > 0) console.error(`missed or failed: ${failed.join(", ")}`);
  return failed.length > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
