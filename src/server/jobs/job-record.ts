/**
 * How far a job of a stream is that follows its fragments: a record of the index, so that a restart goes on where it was, and so that
 * one node at a time does it.
 */
import type { IndexRecords } from "../../archive/index/index-records.ts";
import { Fault } from "../../base/errors.ts";

/** Kinds of records, one per stream. */
export const IMAGE_JOB = "image-job";
export const NOTIFY_JOB = "notify-job";

export type JobKind = typeof IMAGE_JOB | typeof NOTIFY_JOB;

export interface JobState {
  /** Of the configuration it was begun with. */
  readonly config: string;
  /** Whose turn it is, and until when, epoch ms. */
  readonly node: string;
  readonly untilMs: number;
  /** Fragments up to this one are done. */
  readonly sequence: number;
  /** The timeline of that fragment, and the last time in it that is done, ms on the configuration's clock (images). */
  readonly timeline: string;
  readonly lastMs: number;
}

export interface Job {
  readonly state: JobState;
  readonly version: number;
}

/** Undefined when there is none, or one that cannot be read. */
export async function readJob(
  index: IndexRecords,
  kind: JobKind,
  stream: string,
): Promise<Job | undefined> {
  const row = await index.record(kind, stream);
  if (row === undefined) return undefined;
  return { state: JSON.parse(row.body) as JobState, version: row.version };
}

/** The job as it is now; undefined when another node changed it meanwhile: then it is that one's. */
export async function writeJob(
  index: IndexRecords,
  { kind, stream }: { readonly kind: JobKind; readonly stream: string },
  { state, version }: Job,
): Promise<Job | undefined> {
  const row = { kind, id: stream, body: JSON.stringify(state) };
  try {
    return { state, version: await index.putRecord(row, version) };
  } catch (error) {
    if (error instanceof Fault && error.code === "record.conflict") return undefined;
    throw error;
  }
}
