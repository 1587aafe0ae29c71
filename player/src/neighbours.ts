/** Goes to the recording after, before, or before all others; asks the server for more than is loaded when it has to. */
import type { Api } from "./api.ts";
import type { Span } from "./coverage-types.ts";
import { type Loaded, nextRange, previousRange } from "./gap-model.ts";

/** Coarse enough for an answer about years. */
const WIDE_RESOLUTION_MS = 60_000;

export interface NeighboursHost {
  readonly api: () => Api;
  readonly stream: () => string;
  readonly positionMs: () => number | undefined;
  readonly loaded: () => Loaded;
  /** To the start of a recording. */
  readonly goTo: (ms: number) => void;
  readonly live: () => void;
  readonly notice: (text: string) => void;
}

export class Neighbours {
  readonly #host: NeighboursHost;

  constructor(host: NeighboursHost) {
    this.#host = host;
  }

  async go(which: "next" | "previous" | "oldest"): Promise<void> {
    const { goTo, live, loaded, notice, positionMs } = this.#host;
    const at = positionMs();
    if (at === undefined && which !== "oldest") {
      if (which === "next") live();
      else await this.#newest();
      return;
    }
    const pick = (ranges: readonly Span[]) => {
      if (which === "oldest" || at === undefined) return ranges[0];
      return which === "next" ? nextRange(ranges, at) : previousRange(ranges, at);
    };
    const near = which === "oldest" ? undefined : pick(loaded().index.ranges);
    // The first loaded one may have begun before what was loaded.
    const whole = near !== undefined && near.from > loaded().span.from;
    const found = whole ? near : pick(await this.#all());
    if (found !== undefined) goTo(found.from);
    else if (which === "next") live();
    else notice("There is no earlier recording");
  }

  /** With nothing on screen, as of a camera that is away, the one before is the newest. */
  async #newest(): Promise<void> {
    const last = (await this.#all()).at(-1);
    if (last === undefined) this.#host.notice("Nothing is recorded yet");
    else this.#host.goTo(last.from);
  }

  async #all(): Promise<readonly Span[]> {
    const { api, stream, notice } = this.#host;
    try {
      const { firstMs = 0, lastMs = 0 } = await api().stream(stream());
      const [from, to] = [firstMs, lastMs + 1];
      const resolutionMs = Math.max(WIDE_RESOLUTION_MS, (to - from) / 10_000);
      return (await api().coverage(stream(), { from, to, resolutionMs })).ranges;
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error));
      return [];
    }
  }
}
