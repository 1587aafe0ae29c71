/** Runs a program with bytes on its standard input. */
import { spawn } from "node:child_process";

/** What it answered; a program that stops reading early is no error here. */
export function runWithInput(
  program: string,
  args: readonly string[],
  input: Uint8Array,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}
