/**
 * What the commands share. Plain JavaScript that runs on Node 20: finds a Node that runs TypeScript (this
 * one, or the pinned one that npm installed) and hands over arguments, terminal, signals and exit code.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDS_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs the TypeScript file `entry` (from the root) as the command `name`. */
export function launch({ name, entry }) {
  const node = findNode();
  if (node === undefined) {
    console.error(`${name} needs Node ${NEEDS_MAJOR}; this is ${process.version}.`);
    console.error(
      "The pinned one is not installed either: run `npm ci` in the folder of streambank.",
    );
    process.exit(1);
  }

  const main = join(root, entry);
  const flags = ["--disable-warning=ExperimentalWarning", main, ...process.argv.slice(2)];
  const child = spawn(node, flags, { stdio: "inherit" });

  // The server decides when to end. A terminal sends Ctrl-C to both of us; a service manager only to this process.
  const passed = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of passed)
    process.on(signal, () => {
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    });

  child.once("error", (error) => {
    console.error(`${name} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.once("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // As a shell would report it.
    process.exit(128 + constants.signals[signal]);
  });
}

/** Path of a Node that is new enough. */
function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= NEEDS_MAJOR) return process.execPath;
  const file = process.platform === "win32" ? "node.exe" : "node";
  try {
    const manifest = createRequire(import.meta.url).resolve("node/package.json");
    const pinned = join(dirname(manifest), "bin", file);
    return existsSync(pinned) ? pinned : undefined;
  } catch {
    return undefined;
  }
}
