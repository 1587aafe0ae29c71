/** CPU time of another process, all its threads together. Linux only. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Seconds in user and kernel mode since the process began, in steps of the kernel's clock tick (10 ms). */
export function cpuSeconds(pid: number): number {
  // proc(5): the name in parentheses may hold spaces; utime and stime are fields 14 and 15, the name is 2.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond();
}

let ticks = 0;

function ticksPerSecond(): number {
  ticks ||= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}
