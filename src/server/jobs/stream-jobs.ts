/**
 * Jobs that follow what is stored: of every stream that asks for one, each fragment is worked on once, in order, behind ingest. One
 * stream and one fragment after the other, so that it is never in the way; where it is behind it comes later. How far it is stands
 * in the index (job-record.ts): a restart goes on there, and of several nodes one at a time does it.
 */
import type { EventSource } from "../../archive/events.ts";
import { errorEvent } from "../../archive/events.ts";
import type { IndexRecords } from "../../archive/index/index-records.ts";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FragmentReader, StoredFragment, StreamInfo } from "../../fragment/fragment.ts";
import { timelineOf } from "../../play/images/samples.ts";
import { resolve } from "../../play/resolver.ts";
import { type Job, type JobKind, type JobState, readJob, writeJob } from "./job-record.ts";

/** What is done for one stream. */
export interface StreamJob {
  /** Changes with what the stream asks for: then it begins anew, behind what is stored. */
  readonly config: string;
  /** Returns the last time that is done; throws to be asked for the same fragment again at the next round. */
  work(fragment: StoredFragment, state: JobState): Promise<number>;
}

export interface StreamJobsParts {
  readonly kind: JobKind;
  /** For people: `automatic images`. */
  readonly what: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly index: IndexRecords;
  readonly reader: FragmentReader;
  readonly streams: () => Promise<readonly StreamInfo[]>;
  readonly node: string;
  readonly events: Pick<EventSource, "tell">;
  wants(stream: StreamInfo): boolean;
  /** Of a stream that wants it. Throws when what it asks for cannot be done. */
  jobOf(stream: StreamInfo): StreamJob;
  /** Something around a fragment went wrong. */
  failed(): void;
  /** Breaks off what is under way. */
  stopping?(): void;
}

const ROUND_MS = 2000;
/** A turn lasts so long after its last sign of life, and is made longer when so much of it is left. */
const TURN_MS = 60_000;
const RENEW_MS = 20_000;
/** Fragments of one stream before the next stream has its turn. */
const FRAGMENTS_PER_TURN = 20;

export class StreamJobs {
  readonly #parts: StreamJobsParts;
  /** Streams that were told to be in trouble, and why. */
  readonly #trouble = new Map<string, string>();
  #cancel: CancelTimer = () => {};
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: StreamJobsParts) {
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
    this.#parts.stopping?.();
    await this.#round;
  }

  /** Everything that is there now, at most a turn of each stream. Never rejects. */
  round(): Promise<void> {
    this.#round = this.#round.then(() => this.#once());
    return this.#round;
  }

  async #once(): Promise<void> {
    const { streams, log, kind } = this.#parts;
    try {
      const wanted = (await streams()).filter((stream) => this.#parts.wants(stream));
      await this.#forgetOthers(new Set(wanted.map(({ name }) => name)));
      for (const stream of wanted) {
        if (this.#stopped) return;
        await this.#guarded(stream);
      }
    } catch (error) {
      const { code, message } = asFault(error);
      log.warn("jobs.round-failed", { kind, code, message });
    }
  }

  /** Who asks for it again begins again. */
  async #forgetOthers(wanted: ReadonlySet<string>): Promise<void> {
    const { index, kind } = this.#parts;
    for (let after = ""; ; ) {
      const page = await index.records(kind, after, 500);
      for (const { id } of page) if (!wanted.has(id)) await index.deleteRecord(kind, id);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  async #guarded(stream: StreamInfo): Promise<void> {
    const { name } = stream;
    try {
      await this.#turn(name, this.#parts.jobOf(stream));
      this.#trouble.delete(name);
    } catch (error) {
      if (this.#stopped) return;
      const { code, message } = asFault(error);
      if (code === "stream.not-found") return;
      this.#parts.failed();
      this.#tell(name, code, `${this.#parts.what}: ${message}`);
    }
  }

  /** Once for each trouble, and again when it comes back after it was over. */
  #tell(stream: string, code: string, message: string): void {
    if (this.#trouble.get(stream) === code) return;
    this.#trouble.set(stream, code);
    const { events, log, clock, kind } = this.#parts;
    log.warn("jobs.failed", { kind, stream, code, message });
    events.tell(errorEvent({ stream, code, message, atMs: clock.now() }));
  }

  async #turn(stream: string, wanted: StreamJob): Promise<void> {
    const { reader, index, kind } = this.#parts;
    let job = await this.#claim(stream, wanted);
    let done = 0;
    if (job === undefined) return;
    const selector = { by: "after", sequence: job.state.sequence } as const;
    for await (const fragment of resolve({ reader, stream }, selector)) {
      if (this.#stopped || done++ >= FRAGMENTS_PER_TURN) return;
      const lastMs = await wanted.work(fragment, job.state);
      const state: JobState = {
        ...job.state,
        ...{ sequence: fragment.info.number.sequence, timeline: timelineOf(fragment.info), lastMs },
        untilMs: this.#parts.clock.now() + TURN_MS,
      };
      job = await writeJob(index, { kind, stream }, { state, version: job.version });
      if (job === undefined) return;
    }
  }

  /** The job, ours for a while; undefined while it is another node's. A new one begins behind what is stored now. */
  async #claim(stream: string, { config: name }: StreamJob): Promise<Job | undefined> {
    const { index, node, clock, reader, kind } = this.#parts;
    const job = await readJob(index, kind, stream);
    const now = clock.now();
    if (job !== undefined && job.state.node !== node && job.state.untilMs > now) return undefined;
    const untilMs = now + TURN_MS;
    if (job?.state.config === name && job.state.node === node && job.state.untilMs > now + RENEW_MS)
      return job;
    if (job?.state.config === name)
      return writeJob(index, { kind, stream }, { ...job, state: { ...job.state, node, untilMs } });
    let sequence = 0;
    for await (const { info } of resolve({ reader, stream }, { by: "now" }))
      sequence = info.number.sequence;
    const state = { config: name, node, untilMs, sequence, timeline: "", lastMs: 0 };
    return writeJob(index, { kind, stream }, { state, version: job?.version ?? 0 });
  }
}
