/** An ffmpeg that does what the test says, in the place of a process. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Child, ChildEnd, Spawn } from "../../producer-sdk/src/node/spawn.ts";

/** What a camera may give: H.264 and AAC. */
export const CAMERA = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));

/** Bytes a test hands over when it likes. */
class Pipe {
  readonly #chunks: Uint8Array[] = [];
  #over = false;
  #wake = () => {};

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#wake();
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#over) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

export class FakeFfmpeg implements Child {
  readonly stdout = new Pipe();
  readonly stderr = new Pipe();
  readonly args: readonly string[];
  readonly killed: string[] = [];
  /** Does not react to a polite end. */
  stubborn = false;
  isOver = false;
  #resolve: (end: ChildEnd) => void = () => {};
  readonly exited = new Promise<ChildEnd>((resolve) => {
    this.#resolve = resolve;
  });

  constructor(args: readonly string[]) {
    this.args = args;
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.killed.push(signal);
    if (!this.stubborn || signal === "SIGKILL") this.exit(null);
  }

  exit(code: number | null, words = "", missing = false): void {
    this.isOver = true;
    this.stderr.push(new TextEncoder().encode(words));
    this.stderr.end();
    this.stdout.end();
    this.#resolve({ code, missing });
  }
}

/** Every process that was asked for, in order. */
export class FakeFfmpegs {
  readonly runs: FakeFfmpeg[] = [];
  readonly spawn: Spawn = (program, args) => {
    assert.equal(program, "ffmpeg");
    const run = new FakeFfmpeg(args);
    this.runs.push(run);
    return run;
  };

  get last(): FakeFfmpeg {
    return this.runs.at(-1) ?? assert.fail("no process was started");
  }

  get running(): number {
    return this.runs.filter(({ isOver }) => !isOver).length;
  }
}

/** Lets everything that is ready happen. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
