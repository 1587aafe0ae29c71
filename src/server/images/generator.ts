/**
 * Automatic images: of every stream that asks for them, one at each multiple of its sampling interval, made from what is stored
 * and written to the object store. Follows the index, one stream and one fragment after the other, so that it is never in the way
 * of ingest; where it is behind it comes later. What it has done is in the index (image-job.ts).
 */
import type { EventSource } from "../../archive/events.ts";
import { errorEvent } from "../../archive/events.ts";
import type { IndexRecords } from "../../archive/index/index-records.ts";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FragmentReader, StoredFragment, StreamInfo } from "../../fragment/fragment.ts";
import { producedUs, samplesOf, timelineOf } from "../../play/images/samples.ts";
import type { PictureSource } from "../../play/images/source.ts";
import { resolve } from "../../play/resolver.ts";
import {
  configurationOf,
  type ImageGeneration,
  imageGeneration,
  type OwnStore,
} from "./generation-config.ts";
import { type ImageFiles, imageKey } from "./image-files.ts";
import { IMAGE_JOB, type Job, type JobState, readJob, writeJob } from "./image-job.ts";
import type { ImageService } from "./service.ts";

export interface GeneratorParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly index: IndexRecords;
  readonly reader: FragmentReader;
  readonly streams: () => Promise<readonly StreamInfo[]>;
  readonly images: ImageService;
  readonly files: ImageFiles;
  readonly own: OwnStore;
  readonly node: string;
  readonly events: Pick<EventSource, "tell">;
  /** One image was made, could not be, or was not because of a failure around it. */
  counted(result: "ok" | "no-picture" | "failed"): void;
}

const ROUND_MS = 2000;
/** A turn lasts so long after its last sign of life, and is made longer when so much of it is left. */
const TURN_MS = 60_000;
const RENEW_MS = 20_000;
/** Fragments of one stream before the next stream has its turn. */
const FRAGMENTS_PER_TURN = 20;
/** Decoded together. */
const BATCH = 25;

export class ImageGenerator {
  readonly #parts: GeneratorParts;
  /** Streams that were told to be in trouble, and why. */
  readonly #trouble = new Map<string, string>();
  #cancel: CancelTimer = () => {};
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: GeneratorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancel = this.#parts.clock.after(ROUND_MS, () => {
      void this.round().finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#round;
  }

  /** Everything that is there now, at most a turn of each stream. Never rejects. */
  round(): Promise<void> {
    this.#round = this.#round.then(() => this.#once());
    return this.#round;
  }

  async #once(): Promise<void> {
    const { streams, log } = this.#parts;
    try {
      const wanted = (await streams()).filter((stream) => configurationOf(stream) !== undefined);
      await this.#forgetOthers(new Set(wanted.map(({ name }) => name)));
      for (const stream of wanted) {
        if (this.#stopped) return;
        await this.#guarded(stream);
      }
    } catch (error) {
      const { code, message } = asFault(error);
      log.warn("images.round-failed", { code, message });
    }
  }

  /** Who asks for images again begins again. */
  async #forgetOthers(wanted: ReadonlySet<string>): Promise<void> {
    const { index } = this.#parts;
    for (let after = ""; ; ) {
      const page = await index.records(IMAGE_JOB, after, 500);
      for (const { id } of page) if (!wanted.has(id)) await index.deleteRecord(IMAGE_JOB, id);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  async #guarded(stream: StreamInfo): Promise<void> {
    const { name } = stream;
    const config = configurationOf(stream);
    if (config === undefined) return;
    try {
      await this.#turn(name, imageGeneration(name, config, this.#parts.own));
      this.#trouble.delete(name);
    } catch (error) {
      if (this.#stopped) return;
      const { code, message } = asFault(error);
      if (code === "stream.not-found") return;
      this.#parts.counted("failed");
      this.#tell(name, code, `automatic images: ${message}`);
    }
  }

  /** Once for each trouble, and again when it comes back after it was over. */
  #tell(stream: string, code: string, message: string): void {
    if (this.#trouble.get(stream) === code) return;
    this.#trouble.set(stream, code);
    const { events, log, clock } = this.#parts;
    log.warn("images.failed", { stream, code, message });
    events.tell(errorEvent({ stream, code, message, atMs: clock.now() }));
  }

  async #turn(stream: string, wanted: ImageGeneration): Promise<void> {
    const { reader, index } = this.#parts;
    let job = await this.#claim(stream, wanted);
    let done = 0;
    if (job === undefined) return;
    const selector = { by: "after", sequence: job.state.sequence } as const;
    for await (const fragment of resolve({ reader, stream }, selector)) {
      if (this.#stopped || done++ >= FRAGMENTS_PER_TURN) return;
      const lastMs = await this.#fragment(stream, { fragment, wanted, state: job.state });
      const state: JobState = {
        ...job.state,
        ...{ sequence: fragment.info.number.sequence, timeline: timelineOf(fragment.info), lastMs },
        untilMs: this.#parts.clock.now() + TURN_MS,
      };
      job = await writeJob(index, stream, { state, version: job.version });
      if (job === undefined) return;
    }
  }

  /** The job, ours for a while; undefined while it is another node's. A new one begins behind what is stored now. */
  async #claim(stream: string, { name }: ImageGeneration): Promise<Job | undefined> {
    const { index, node, clock, reader } = this.#parts;
    const job = await readJob(index, stream);
    const now = clock.now();
    if (job !== undefined && job.state.node !== node && job.state.untilMs > now) return undefined;
    const untilMs = now + TURN_MS;
    if (job?.state.config === name && job.state.node === node && job.state.untilMs > now + RENEW_MS)
      return job;
    if (job?.state.config === name)
      return writeJob(index, stream, { ...job, state: { ...job.state, node, untilMs } });
    let sequence = 0;
    for await (const { info } of resolve({ reader, stream }, { by: "now" }))
      sequence = info.number.sequence;
    const state = { config: name, node, untilMs, sequence, timeline: "", lastMs: 0 };
    return writeJob(index, stream, { state, version: job?.version ?? 0 });
  }

  /** Its images; returns the last time that is done. */
  async #fragment(
    stream: string,
    work: { fragment: StoredFragment; wanted: ImageGeneration; state: JobState },
  ): Promise<number> {
    const { fragment, wanted, state } = work;
    const { clock, intervalMs } = wanted;
    const afterMs = state.timeline === timelineOf(fragment.info) ? state.lastMs : 0;
    const times = samplesOf(fragment.info, { clock, intervalMs, afterMs });
    const finder = this.#parts.images.finder(stream);
    for (let at = 0; at < times.length; at += BATCH) {
      const batch: { timeMs: number; source: PictureSource }[] = [];
      for (const timeMs of times.slice(at, at + BATCH)) {
        const timeUs = producedUs(fragment.info, clock, timeMs);
        const found = await finder.of(fragment, timeUs, "exact");
        if (found.kind === "picture") batch.push({ timeMs, source: found.source });
        else this.#missing(stream, found.kind === "undecodable" ? found.why : "nothing there");
      }
      await this.#store(stream, batch, work);
    }
    return times.at(-1) ?? afterMs;
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
