/**
 * Automatic images: of every stream that asks for them, one at each multiple of its sampling interval, and one of each fragment that its
 * producer has marked, made from what is stored and written to the object store.
 */
import type { StoredFragment, StreamInfo } from "../../fragment/fragment.ts";
import { producedUs, samplesOf, timelineOf } from "../../play/images/samples.ts";
import type { PictureSource } from "../../play/images/source.ts";
import { storedTags } from "../../play/kvs-media/stored.ts";
import { IMAGE_JOB, type JobState } from "../jobs/job-record.ts";
import { StreamJobs, type StreamJobsParts } from "../jobs/stream-jobs.ts";
import {
  configurationOf,
  type ImageGeneration,
  imageGeneration,
  type OwnStore,
} from "./generation-config.ts";
import { type ImageFiles, imageKey } from "./image-files.ts";
import { markOf } from "./image-marks.ts";
import type { ImageService } from "./service.ts";

export interface GeneratorParts
  extends Pick<
    StreamJobsParts,
    "clock" | "log" | "index" | "reader" | "streams" | "node" | "events"
  > {
  readonly images: ImageService;
  readonly files: ImageFiles;
  readonly own: OwnStore;
  /** One image was made, could not be, or was not because of a failure around it. */
  counted(result: "ok" | "no-picture" | "failed"): void;
}

/** Decoded together. */
const BATCH = 25;

interface Work {
  readonly fragment: StoredFragment;
  readonly wanted: ImageGeneration;
  readonly state: JobState;
}

export class ImageGenerator {
  readonly #parts: GeneratorParts;
  readonly #jobs: StreamJobs;

  constructor(parts: GeneratorParts) {
    this.#parts = parts;
    this.#jobs = new StreamJobs({
      ...{ clock: parts.clock, log: parts.log, index: parts.index, reader: parts.reader },
      ...{ streams: parts.streams, node: parts.node, events: parts.events },
      ...{ kind: IMAGE_JOB, what: "automatic images" },
      wants: (stream) => configurationOf(stream) !== undefined,
      jobOf: (stream) => this.#jobOf(stream),
      failed: () => parts.counted("failed"),
    });
  }

  start(): void {
    this.#jobs.start();
  }

  stop(): Promise<void> {
    return this.#jobs.stop();
  }

  /** Everything that is there now, at most a turn of each stream. Never rejects. */
  round(): Promise<void> {
    return this.#jobs.round();
  }

  #jobOf(stream: StreamInfo) {
    const config = configurationOf(stream);
    if (config === undefined) throw new Error(`bug: ${stream.name} asks for no images`);
    const wanted = imageGeneration(stream.name, config, this.#parts.own);
    return {
      config: wanted.name,
      work: (fragment: StoredFragment, state: JobState) =>
        this.#fragment(stream.name, { fragment, wanted, state }),
    };
  }

  /** Its images; returns the last time that is done. */
  async #fragment(stream: string, { fragment, wanted: asked, state }: Work): Promise<number> {
    const { clock, intervalMs } = asked;
    const afterMs = state.timeline === timelineOf(fragment.info) ? state.lastMs : 0;
    const sampled = samplesOf(fragment.info, { clock, intervalMs, afterMs });
    const mark = markOf(await storedTags(this.#parts.reader, fragment));
    const times = mark.wanted ? withStart(sampled, fragment, clock) : sampled;
    const wanted = { ...asked, prefix: `${asked.prefix}${mark.prefix}` };
    const finder = this.#parts.images.finder(stream);
    for (let at = 0; at < times.length; at += BATCH) {
      const batch: { timeMs: number; source: PictureSource }[] = [];
      for (const timeMs of times.slice(at, at + BATCH)) {
        const timeUs = producedUs(fragment.info, clock, timeMs);
        const found = await finder.of(fragment, timeUs, "exact");
        if (found.kind === "picture") batch.push({ timeMs, source: found.source });
        else this.#missing(stream, found.kind === "undecodable" ? found.why : "nothing there");
      }
      await this.#store(stream, batch, { fragment, wanted });
    }
    return sampled.at(-1) ?? afterMs;
  }

  async #store(
    stream: string,
    batch: readonly { timeMs: number; source: PictureSource }[],
    { fragment, wanted }: { fragment: StoredFragment; wanted: ImageGeneration },
  ): Promise<void> {
    const { images, files, counted } = this.#parts;
    const sources = batch.map(({ source }) => source);
    const made = await images.make(sources, wanted.style);
    for (const [i, { timeMs }] of batch.entries()) {
      const bytes = made[i];
      if (bytes === undefined) this.#missing(stream, "its media is damaged");
      else {
        await files.put(imageKey(wanted, timeMs, fragment.info.number.sequence), bytes);
        counted("ok");
      }
    }
  }

  #missing(stream: string, why: string): void {
    this.#parts.counted("no-picture");
    this.#parts.log.warn("images.no-picture", { stream, why });
  }
}

/** And its first picture, in whole ms. */
function withStart(
  sampled: readonly number[],
  { info }: StoredFragment,
  clock: ImageGeneration["clock"],
): number[] {
  const { number, producedStartUs } = info;
  const startMs = clock === "server" ? number.receivedMs : Math.ceil(producedStartUs / 1000);
  return sampled[0] === startMs ? [...sampled] : [startMs, ...sampled];
}
