/**
 * Gets the outside programs the tests use. On Debian as root: apt-get. Elsewhere: says, per missing tool, the
 * line that installs it; the suites that need it are then skipped, and the test summary says so. With
 * `CI=true` a tool that stays missing is a failure.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findTool, type ToolName, toolNames } from "../test/support/tools.ts";

/** Debian packages of each tool. A browser without a font draws no text. */
const debian: Readonly<Record<ToolName, readonly string[]>> = {
  ffmpeg: ["ffmpeg"],
  mkvtoolnix: ["mkvtoolnix"],
  chromium: ["chromium", "fonts-dejavu-core"],
  gstreamer: [
    "gstreamer1.0-tools",
    // A camera to pull from: test/support/rtsp-server.ts.
    ...["python3-gi", "gir1.2-gst-rtsp-server-1.0"],
    ...["base", "good", "bad"].map((set) => `gstreamer1.0-plugins-${set}`),
  ],
  // A real S3 gateway: test/support/ceph.ts.
  ceph: ["ceph-mon", "ceph-osd", "radosgw", "ceph-common", "python3", "curl"],
  postgresql: ["postgresql"],
  // A client of KVS by itself: test/flow/aws-cli.test.ts.
  awscli: ["awscli"],
};
const APT_INSTALL = ["install", "-y", "-qq", "--no-install-recommends"];

export interface Machine {
  readonly platform: string;
  readonly debian: boolean;
  readonly root: boolean;
  readonly ci: boolean;
  missing(): readonly ToolName[];
  /** True when the program ended well. */
  run(program: string, args: readonly string[]): boolean;
  say(line: string): void;
}

/** Exit code: 0 when the tests may go on. */
export function setUpTools(machine: Machine): 0 | 1 {
  let missing = machine.missing();
  if (missing.length > 0 && machine.debian && machine.root) {
    machine.say(`installing for the tests: ${missing.join(", ")}…`);
    aptInstall(missing, machine);
    missing = machine.missing();
  }
  for (const name of missing)
    machine.say(`${name} is missing, its tests cannot run. To install: ${howTo(name, machine)}`);
  return missing.length > 0 && machine.ci ? 1 : 0;
}

function aptInstall(names: readonly ToolName[], { run }: Machine): void {
  const packages = names.flatMap((name) => debian[name]);
  if (run("apt-get", [...APT_INSTALL, ...packages])) return;
  // A fresh container has no package lists, and old lists name files that are gone.
  if (run("apt-get", ["update", "-qq"])) run("apt-get", [...APT_INSTALL, ...packages]);
}

function howTo(name: ToolName, { platform, debian: isDebian }: Machine): string {
  if (isDebian) return `sudo apt-get install --no-install-recommends ${debian[name].join(" ")}`;
  if (platform === "darwin")
    return `brew install ${name === "chromium" ? "--cask chromium" : name}`;
  return `the ${name} package of your system, with its programs on PATH`;
}

if (import.meta.main) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  process.exitCode = setUpTools({
    platform: process.platform,
    debian: existsSync("/etc/debian_version"),
    root: process.getuid?.() === 0,
    ci: process.env.CI === "true",
    missing: () => toolNames.filter((name) => findTool(name) === undefined),
    run: (program, args) =>
      spawnSync(program, [...args], { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0,
    say: (line) => console.error(line),
  });
}
