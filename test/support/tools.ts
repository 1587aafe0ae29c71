/**
 * Which outside programs the tests may use. Looks at PATH once; installs nothing (scripts/test-tools.ts
 * does) and runs nothing.
 */
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

export const toolNames = [
  ...(["ffmpeg", "mkvtoolnix", "chromium", "gstreamer", "ceph", "postgresql", "awscli"] as const),
] as const;

export type ToolName = (typeof toolNames)[number];

/** Per tool: each inner list is one program under its possible names; all programs must be there. */
export const programsOf: Readonly<Record<ToolName, readonly (readonly string[])[]>> = {
  ffmpeg: [["ffmpeg"], ["ffprobe"]],
  mkvtoolnix: [["mkvmerge"], ["mkvinfo"], ["mkvextract"]],
  chromium: [["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]],
  gstreamer: [["gst-launch-1.0"]],
  // What test/engines/ceph-up.sh calls; `ceph` itself is a Python program.
  ceph: [["ceph-mon"], ["ceph-osd"], ["radosgw"], ["ceph"], ["python3"], ["curl"]],
  postgresql: [["pg_ctl"], ["initdb"], ["postgres"]],
  awscli: [["aws"]],
};

export type Env = Readonly<Record<string, string | undefined>>;

/** Path of a tool's first program, or undefined unless all its programs are on PATH. */
export function findTool(name: ToolName, env: Env = process.env): string | undefined {
  const more = name === "postgresql" ? [postgresFolder()] : [];
  const folders = [...(env.PATH ?? "").split(delimiter), ...more];
  const paths = programsOf[name].map((names) => findProgram(names, folders));
  return paths.includes(undefined) ? undefined : paths[0];
}

/** Debian keeps the server's programs off PATH, one folder per version. */
function postgresFolder(): string {
  const root = "/usr/lib/postgresql";
  try {
    const versions = readdirSync(root).sort((a, b) => Number(a) - Number(b));
    return join(root, versions.at(-1) ?? "", "bin");
  } catch {
    return root;
  }
}

function findProgram(names: readonly string[], folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    if (folder === "") continue;
    for (const name of names) {
      const path = join(folder, name);
      if (isProgram(path)) return path;
    }
  }
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of each tool's first program (ffmpeg, mkvmerge, a Chromium), undefined where it is missing. */
export const tools: Readonly<Record<ToolName, string | undefined>> = {
  ffmpeg: findTool("ffmpeg"),
  mkvtoolnix: findTool("mkvtoolnix"),
  chromium: findTool("chromium"),
  gstreamer: findTool("gstreamer"),
  ceph: findTool("ceph"),
  postgresql: findTool("postgresql"),
  awscli: findTool("awscli"),
};

/**
 * Options for `test` and `suite` that skip, with a reason, where a tool is missing. With `CI=true` nothing
 * is skipped: the test then fails, because a green run there has to mean that everything ran.
 *
 *     test("ffmpeg reads the clip", needs("ffmpeg"), async () => { ... });
 */
export function needs(...names: readonly ToolName[]): { skip: string | false } {
  const missing = names.filter((name) => tools[name] === undefined);
  if (missing.length === 0 || process.env.CI === "true") return { skip: false };
  return { skip: `${missing.join(" and ")} not installed` };
}
