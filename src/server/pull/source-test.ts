/** Tries a camera's address for a bounded time: what comes, or why nothing does. */
import { safeAddress } from "../../../producer-sdk/src/node/reason.ts";
import { rtspSource } from "../../../producer-sdk/src/node/sources.ts";
import type { Spawn } from "../../../producer-sdk/src/node/spawn.ts";
import type { Clock } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import type { Frame, Track } from "../../media/track.ts";
import { checkAddress } from "./source-config.ts";
import { reasonWords } from "./words.ts";

export interface SourceTestParts {
  readonly clock: Clock;
  /** Default: real processes. */
  readonly spawn?: Spawn;
}

export type SourceTestResult =
  | {
      readonly ok: true;
      readonly address: string;
      readonly tracks: readonly Track[];
      /** What of the camera is left out, and why. */
      readonly note?: string;
      /** The first picture that a decoder can start in, where there is video. */
      readonly first?: { readonly track: Track; readonly frame: Frame };
    }
  | { readonly ok: false; readonly address: string; readonly reason: string };

/** A camera that gives no picture for so long is not one to record from. */
export const TEST_MS = 10_000;
/** Each is a process: so many at once. */
export const MAX_TESTS = 4;

export class SourceTests {
  readonly #parts: SourceTestParts;
  readonly #running = new Map<Promise<SourceTestResult>, AbortController>();

  constructor(parts: SourceTestParts) {
    this.#parts = parts;
  }

  /**
   * Good when a first frame came: a description alone is no picture. Takes {@link TEST_MS} at most, and the time its
   * process needs to end. Throws `source.bad-address`, `source.test-busy`.
   */
  async run(url: string, audio: boolean): Promise<SourceTestResult> {
    checkAddress(url);
    if (this.#running.size >= MAX_TESTS)
      throw new Fault("source.test-busy", `${MAX_TESTS} addresses are being tried already`);
    const stop = new AbortController();
    const running = this.#try(url, audio, stop);
    this.#running.set(running, stop);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Ends those that run. Resolves when their processes are gone. */
  async close(): Promise<void> {
    for (const stop of this.#running.values()) stop.abort();
    await Promise.all(this.#running.keys());
  }

  async #try(url: string, audio: boolean, stop: AbortController): Promise<SourceTestResult> {
    const cancel = this.#parts.clock.after(TEST_MS, () => stop.abort());
    try {
      const found = await this.#firstFrame(url, audio, stop.signal);
      return { address: safeAddress(url), ...found };
    } catch (error) {
      const reason = reasonWords(asFault(error).message, url);
      return { ok: false, address: safeAddress(url), reason };
    } finally {
      cancel();
    }
  }

  async #firstFrame(url: string, audio: boolean, signal: AbortSignal) {
    let found: Omit<Extract<SourceTestResult, { ok: true }>, "address"> = { ok: true, tracks: [] };
    let came = false;
    const { clock, spawn } = this.#parts;
    const live = { clock, signal, ...(spawn === undefined ? {} : { spawn }) };
    for await (const item of rtspSource(url, { ...live, audio })) {
      if (item.kind === "trouble")
        return { ok: false as const, reason: reasonWords(item.reason, url) };
      if (item.kind === "frame") {
        came = true;
        const track = found.tracks.find(({ type }) => type === "video");
        if (track === undefined) return found;
        const { frame } = item;
        if (frame.track === track.number && frame.key) return { ...found, first: { track, frame } };
        continue;
      }
      const { tracks, note } = item;
      found = { ok: true, tracks, ...(note === undefined ? {} : { note }) };
    }
    if (came) return found;
    return { ok: false as const, reason: `no picture came within ${TEST_MS / 1000} s` };
  }
}
