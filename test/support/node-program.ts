/** A program of Node as its own process. */
import { type ChildProcess, spawn } from "node:child_process";

interface Said {
  /** Default: standard output. */
  readonly where?: "out" | "err";
  /** Only what was said from this character on. */
  readonly from?: number;
}

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
    this.child = spawn(process.execPath, node, { stdio: ["pipe", "pipe", "pipe"] });
    this.child.stdin?.on("error", () => {});
    this.child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      this.out += piece;
      this.#look();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
      this.err += piece;
      this.#look();
    });
    this.exited = new Promise((resolve) =>
      this.child.once("close", (code) => {
        this.#over = true;
        resolve(code);
        this.#look();
      }),
    );
  }

  /** Resolves when it has said this; rejects when it ends first. */
  said(what: RegExp, { where = "out", from = 0 }: Said = {}): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = what.exec(this[where].slice(from));
        if (found !== null) resolve(found);
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
