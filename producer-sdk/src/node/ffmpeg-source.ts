/**
 * A source behind an ffmpeg process that writes Matroska to its standard output. Supervised: started again,
 * with back-off, when it ends or when no frame comes. Knows no addresses: the arguments are given.
 */
import { type Clock, sleep } from "../../../src/base/clock.ts";
import { Fault } from "../../../src/base/errors.ts";
import { framesOf, items } from "../../../src/media/mkv/consumer.ts";
import type { Frame, TrackSet } from "../../../src/media/track.ts";
import { BackOff } from "../back-off.ts";
import { LastWords, safeAddress } from "./reason.ts";
import type { SourceItem } from "./source.ts";
import { type Child, type ChildEnd, type Spawn, spawnChild } from "./spawn.ts";
import { WallClock } from "./wall-clock.ts";

/** What every live source takes. */
export interface LiveOptions {
  readonly clock: Clock;
  /** Ends the source and its process. */
  readonly signal: AbortSignal;
  /** Without a frame for so long the process is started again. Default 15 s. */
  readonly staleMs?: number;
  /** Default: a real process. */
  readonly spawn?: Spawn;
  /** For jitter; default `Math.random`. */
  readonly random?: () => number;
}

/** What ffmpeg is asked for. */
export interface FfmpegOptions extends LiveOptions {
  /** What is opened, for messages: shown without its password. */
  readonly address: string;
  /** Everything before the Matroska output. */
  readonly args: readonly string[];
  /** The same without sound, for when the output refuses a stream. Default: it is one more failure. */
  readonly argsWithoutSound?: readonly string[];
}

const STALE_MS = 15_000;
/** What ran so long is well: the next failure begins with short waits again. */
const WELL_MS = 10_000;
/** After a polite end so long until it is ended for certain. */
const KILL_MS = 2000;
const PROGRAM = "ffmpeg";
const QUIET = ["-nostdin", "-hide_banner", "-loglevel", "error"];
/** A Cluster leaves ffmpeg when it is whole: short ones keep the delay small. */
const OUTPUT = [
  ...["-f", "matroska", "-live", "1", "-cluster_time_limit", "100"],
  ...["-flush_packets", "1", "pipe:1"],
];

/** Until aborted. Throws `config.bad` when there is no ffmpeg. */
export async function* ffmpegSource(options: FfmpegOptions): AsyncGenerator<SourceItem> {
  const { clock, signal, random = Math.random, argsWithoutSound } = options;
  let chosen = options;
  let note: string | undefined;
  const backOff = new BackOff(random);
  const wall = new WallClock(clock);
  while (!signal.aborted) {
    const run = new FfmpegRun(chosen);
    wall.restart();
    for await (const item of run.items(wall))
      yield item.kind === "tracks" && note !== undefined ? { ...item, note } : item;
    if (signal.aborted) return;
    if (run.refusal !== undefined && argsWithoutSound !== undefined && note === undefined) {
      const { codec = "its codec" } = run.refusal;
      note = `the sound is left out: Matroska cannot carry ${codec}`;
      chosen = { ...options, args: argsWithoutSound };
      continue;
    }
    if (run.wasWell) backOff.reset();
    const retryMs = backOff.next();
    yield { kind: "trouble", reason: `${safeAddress(options.address)}: ${run.reason}`, retryMs };
    await sleep(clock, retryMs, signal);
  }
}

/** One process, from start to end. */
class FfmpegRun {
  readonly #options: FfmpegOptions;
  readonly #child: Child;
  readonly #words: LastWords;
  readonly #startedAt: number;
  #frameAt: number;
  #wasStale = false;
  #bad: string | undefined;
  #end: ChildEnd | undefined;
  #cancelWatch = () => {};

  constructor(options: FfmpegOptions) {
    const { clock, args, address, spawn = spawnChild } = options;
    this.#options = options;
    this.#words = new LastWords(address);
    this.#startedAt = clock.elapsed();
    this.#frameAt = this.#startedAt;
    this.#child = spawn(PROGRAM, [...QUIET, ...args, ...OUTPUT]);
  }

  get wasWell(): boolean {
    return this.#frameAt - this.#startedAt >= WELL_MS;
  }

  get reason(): string {
    if (this.#wasStale) return `no frame for ${Math.round(this.#staleMs / 1000)} s`;
    const said = this.#words.reason() ?? this.#bad ?? this.#end?.error;
    return said ?? `ffmpeg ended with code ${this.#end?.code ?? "none"}`;
  }

  /** Nothing was written, because one of the streams is nothing for Matroska. */
  get refusal(): { readonly codec: string | undefined } | undefined {
    return this.#frameAt === this.#startedAt ? this.#words.refusal : undefined;
  }

  get #staleMs(): number {
    return this.#options.staleMs ?? STALE_MS;
  }

  /** What it gives, until it ends. The process is gone when this returns or is left. */
  async *items(wall: WallClock): AsyncGenerator<SourceItem> {
    const { signal } = this.#options;
    const stop = () => {
      this.#terminate();
    };
    signal.addEventListener("abort", stop, { once: true });
    const heard = this.#listen();
    this.#watch();
    try {
      yield* this.#frames(wall);
    } catch (error) {
      // Cut in the middle, or not Matroska: what ffmpeg said about it counts more.
      this.#bad = error instanceof Error ? error.message : String(error);
      yield* held(wall);
    } finally {
      this.#cancelWatch();
      await this.#finish();
      await heard;
      signal.removeEventListener("abort", stop);
    }
    if (this.#end?.missing)
      throw new Fault("config.bad", `${PROGRAM} is not installed (not on PATH)`);
  }

  async *#frames(wall: WallClock): AsyncGenerator<SourceItem> {
    let trackSet: TrackSet | undefined;
    let waitsForKey = false;
    const isVideo = (frame: Frame) =>
      trackSet?.tracks.some((t) => t.number === frame.track && t.type === "video") === true;
    for await (const item of items(this.#child.stdout)) {
      if (this.#options.signal.aborted) return;
      if (item.kind === "tracks") {
        trackSet = item.trackSet;
        waitsForKey = trackSet.tracks.some((track) => track.type === "video");
        yield { kind: "tracks", tracks: trackSet.tracks };
      }
      if (item.kind !== "block" || trackSet === undefined) continue;
      for (const frame of framesOf(item.block, item.clusterTicks, trackSet)) {
        this.#frameAt = this.#options.clock.elapsed();
        waitsForKey &&= !(frame.key && isVideo(frame));
        // What follows the frames of the run before must be decodable without them.
        if (waitsForKey) continue;
        for (const stamped of wall.accept(frame)) yield { kind: "frame", frame: stamped };
      }
    }
    yield* held(wall);
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const piece of this.#child.stderr)
        this.#words.add(decoder.decode(piece, { stream: true }));
    } catch {
      // The pipe broke: what was heard before is all there is.
    }
  }

  #watch(): void {
    const { clock } = this.#options;
    const leftMs = this.#frameAt + this.#staleMs - clock.elapsed();
    this.#cancelWatch = clock.after(Math.max(1, leftMs), () => {
      if (clock.elapsed() - this.#frameAt < this.#staleMs) return this.#watch();
      this.#wasStale = true;
      this.#terminate();
    });
  }

  #terminate(): () => void {
    this.#child.kill("SIGTERM");
    return this.#options.clock.after(KILL_MS, () => this.#child.kill("SIGKILL"));
  }

  async #finish(): Promise<void> {
    const cancel = this.#terminate();
    this.#end = await this.#child.exited;
    cancel();
  }
}

function* held(wall: WallClock): Generator<SourceItem> {
  for (const frame of wall.flush()) yield { kind: "frame", frame };
}
