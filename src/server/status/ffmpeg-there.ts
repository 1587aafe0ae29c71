/** Whether ffmpeg is on the PATH, and which: cameras are pulled and pictures made with it. */
import type { Spawn } from "../../../producer-sdk/src/node/spawn.ts";
import type { Clock } from "../../base/clock.ts";

export interface FfmpegThere {
  readonly found: boolean;
  /** As it says itself. */
  readonly version?: string;
}

/** An answer is kept for so long: it may be installed while the server runs. */
const KEEP_MS = 60_000;
/** One that does not answer is ended. */
const WAIT_MS = 5000;
const MOST_BYTES = 4096;

export class FfmpegLook {
  readonly #clock: Clock;
  readonly #spawn: Spawn;
  #known: { readonly atMs: number; readonly there: Promise<FfmpegThere> } | undefined;

  constructor(clock: Clock, spawn: Spawn) {
    this.#clock = clock;
    this.#spawn = spawn;
  }

  /** Never rejects. */
  look(): Promise<FfmpegThere> {
    const nowMs = this.#clock.elapsed();
    if (this.#known === undefined || nowMs - this.#known.atMs >= KEEP_MS)
      this.#known = { atMs: nowMs, there: this.#ask() };
    return this.#known.there;
  }

  async #ask(): Promise<FfmpegThere> {
    const child = this.#spawn("ffmpeg", ["-version"]);
    const cancel = this.#clock.after(WAIT_MS, () => child.kill("SIGKILL"));
    let text = "";
    const read = (async () => {
      for await (const chunk of child.stdout)
        if (text.length < MOST_BYTES) text += new TextDecoder().decode(chunk);
    })().catch(() => {});
    const { code } = await child.exited;
    await read;
    cancel();
    if (code !== 0) return { found: false };
    const version = /^ffmpeg version (\S{1,64})/.exec(text)?.[1];
    return { found: true, ...(version === undefined ? {} : { version }) };
  }
}
