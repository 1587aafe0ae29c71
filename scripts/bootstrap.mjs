/**
 * Makes a fresh clone runnable: installs what package-lock.json names, with the pinned Node among it. Every
 * npm script begins with this file, so it is plain JavaScript, runs on Node 20 and needs no package. When
 * nothing has changed it reads one small file and ends.
 *
 * `--tests` goes on to the outside programs the tests use (scripts/test-tools.ts).
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stampFile = join(modules, ".streambank-stamp");
const pinnedNode = join(modules, "node", "bin", process.platform === "win32" ? "node.exe" : "node");

const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
const stamp = createHash("sha256").update(lockText).digest("hex");

if (readIfThere(stampFile) !== stamp || !existsSync(pinnedNode)) {
  if (!installedMatchesLock()) install();
  writeFileSync(stampFile, stamp);
}
if (process.argv.includes("--tests")) {
  const tools = spawnSync(pinnedNode, [join(root, "scripts", "test-tools.ts")], {
    cwd: root,
    stdio: "inherit",
  });
  process.exitCode = tools.status ?? 1;
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** True after someone ran `npm ci` or `npm install` by hand: npm leaves a list of what it put there. */
function installedMatchesLock() {
  const listText = readIfThere(join(modules, ".package-lock.json"));
  if (listText === undefined || !existsSync(pinnedNode)) return false;
  const installed = JSON.parse(listText).packages;
  return Object.entries(JSON.parse(lockText).packages).every(([path, wanted]) => {
    // The root and the workspaces are our own files; optional packages are for other machines too.
    if (!path.includes("node_modules/") || wanted.link || wanted.optional) return true;
    return installed[path]?.version === wanted.version;
  });
}

function install() {
  console.error("installing… (once, and again when package-lock.json changes)");
  const quiet = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  // Inside an npm script npm names itself; outside it is on PATH, as a .cmd file on Windows.
  const npm = process.env.npm_execpath;
  const done =
    npm?.endsWith(".js") === true
      ? spawnSync(process.execPath, [npm, ...quiet], { cwd: root, stdio: ["ignore", "ignore", 2] })
      : spawnSync("npm", quiet, {
          cwd: root,
          stdio: ["ignore", "ignore", 2],
          shell: process.platform === "win32",
        });
  if (done.error !== undefined) give(`npm could not be started: ${done.error.message}`);
  if (done.status !== 0) give(`npm ci failed (${done.signal ?? done.status}), see above.`);
  if (!existsSync(pinnedNode))
    give("npm ci did not bring the pinned Node: install scripts are off (npm's ignore-scripts).");
}

function give(reason) {
  console.error(`${reason}\nCheck the network and that npm is 10 or newer, then run it again.`);
  process.exit(1);
}
