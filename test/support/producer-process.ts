/** The command streambank-producer, or another program, as its own process. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../producer-sdk/src/node/main.ts");

/** A program of Node, until it ends. Killed, if need be, when the test ends. */
export class NodeProgram implements Disposable {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  out = "";
  err = "";
  readonly #looks = new Set<() => void>();
  #over = false;

  constructor(file: string, ...args: string[]) {
    const node = ["--disable-warning=ExperimentalWarning", file, ...args];
    this.child = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      this.out += piece;
      this.#look();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
      this.err += piece;
    });
    this.exited = new Promise((resolve) =>
      this.child.once("close", (code) => {
        this.#over = true;
        resolve(code);
        this.#look();
      }),
    );
  }

  /** Resolves when it has said this, from the character `from` on; rejects when it ends first. */
  said(what: RegExp, from = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (what.test(this.out.slice(from))) resolve();
        else if (this.#over) reject(new Error(`ended without ${what}: ${this.out}${this.err}`));
        else return;
        this.#looks.delete(look);
      };
      this.#looks.add(look);
      look();
    });
  }

  /** Ctrl-C. Resolves with the exit code. */
  stop(): Promise<number | null> {
    this.child.kill("SIGINT");
    return this.exited;
  }

  /** SIGKILL: no clean-up of any kind. */
  kill(): Promise<number | null> {
    this.child.kill("SIGKILL");
    return this.exited;
  }

  [Symbol.dispose](): void {
    if (!this.#over) this.child.kill("SIGKILL");
  }

  #look(): void {
    for (const look of [...this.#looks]) look();
  }
}

export class ProducerProcess extends NodeProgram {
  constructor(...args: string[]) {
    super(MAIN, ...args);
  }
}
