/**
 * How far the automatic images of a stream are: a record of the index, so that a restart goes on where it was, and so that one
 * node at a time makes them.
 */
import type { IndexRecords } from "../../archive/index/index-records.ts";
import { Fault } from "../../base/errors.ts";

export const IMAGE_JOB = "image-job";

export interface JobState {
  /** Of the configuration it was begun with. */
  readonly config: string;
  /** Whose turn it is, and until when, epoch ms. */
  readonly node: string;
  readonly untilMs: number;
  /** Fragments up to this one are done. */
  readonly sequence: number;
  /** The timeline of that fragment, and the last time in it that has its image, ms on the configuration's clock. */
  readonly timeline: string;
  readonly lastMs: number;
}

export interface Job {
  readonly state: JobState;
  readonly version: number;
}

/** Undefined when there is none, or one that cannot be read. */
export async function readJob(index: IndexRecords, stream: string): Promise<Job | undefined> {
  const row = await index.record(IMAGE_JOB, stream);
  if (row === undefined) return undefined;
  return { state: JSON.parse(row.body) as JobState, version: row.version };
}

/** The job as it is now; undefined when another node changed it meanwhile: then it is that one's. */
export async function writeJob(
  index: IndexRecords,
  stream: string,
  { state, version }: Job,
): Promise<Job | undefined> {
  const row = { kind: IMAGE_JOB, id: stream, body: JSON.stringify(state) };
  try {
    return { state, version: await index.putRecord(row, version) };
  } catch (error) {
    if (error instanceof Fault && error.code === "record.conflict") return undefined;
    throw error;
  }
}
