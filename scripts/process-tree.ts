/** Ends a process and everything it started. A test file that hangs holds servers, browsers and encoders. */
import { execFileSync } from "node:child_process";

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Children of this process whose command line names the file, with all their descendants, deepest first. */
export function treeOf(rows: readonly Row[], parent: number, file: string): number[] {
  const top = rows.filter((row) => row.parent === parent && row.command.includes(file));
  const found = top.map(({ pid }) => pid);
  // The list grows while it is walked.
  for (const pid of found)
    for (const row of rows) if (row.parent === pid && !found.includes(row.pid)) found.push(row.pid);
  return found.reverse();
}

/** What runs now, by the `ps` of Linux and macOS. */
export function processes(): Row[] {
  const text = execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], {
    maxBuffer: 64 << 20,
    encoding: "utf8",
  });
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || command === undefined) return [];
    return [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** SIGKILL to all of them; how many there were. */
export function killTree(file: string): number {
  const pids = treeOf(processes(), process.pid, file);
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  return pids.length;
}
