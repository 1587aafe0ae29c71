/**
 * Notifications of KVS: a stream whose NotificationConfiguration is enabled tells of each fragment that its producer has marked
 * (`AWS_KINESISVIDEO_NOTIFICATION`), when it is durable. The destination is an address that is posted to; a topic of SNS, which is what
 * the service takes, is kept and told and nothing more. At least once, in order, tried until it was taken.
 */
import { createHash } from "node:crypto";
import { Fault } from "../../base/errors.ts";
import type { FragmentInfo, StoredFragment, StreamInfo } from "../../fragment/fragment.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import type { SimpleTag } from "../../media/mkv/items.ts";
import { storedTags } from "../../play/kvs-media/stored.ts";
import type { Poster } from "../events/hook-request.ts";
import { NOTIFY_JOB } from "../jobs/job-record.ts";
import { type StreamJob, StreamJobs, type StreamJobsParts } from "../jobs/stream-jobs.ts";
import { arnOf } from "./arn.ts";
import { kvsOf } from "./attributes.ts";

export interface NotifierParts
  extends Pick<
    StreamJobsParts,
    "clock" | "log" | "index" | "reader" | "streams" | "node" | "events"
  > {
  readonly poster: Pick<Poster, "post">;
}

const MARK = "AWS_KINESISVIDEO_NOTIFICATION";

export function notifier(parts: NotifierParts): StreamJobs {
  const { clock, log, index, reader, streams, node, events, poster } = parts;
  const stop = new AbortController();
  const jobOf = (stream: StreamInfo): StreamJob => {
    const url = addressOf(stream) ?? "";
    return {
      config: createHash("sha256").update(url).digest("hex").slice(0, 16),
      async work(fragment: StoredFragment) {
        const tags = await storedTags(reader, fragment);
        if (!tags.some(({ name }) => name === MARK)) return 0;
        const delivery = `kvs-${formatFragmentNumber(fragment.info.number)}`;
        const body = JSON.stringify(notification(stream, fragment.info, tags));
        const { signal } = stop;
        const { status } = await poster
          .post({ url, secret: undefined, delivery, body, signal })
          .catch((cause: Error) => {
            throw refused(url, cause.message);
          });
        if (status < 200 || status > 299) throw refused(url, `it answered ${status}`);
        return 0;
      },
    };
  };
  const jobs = new StreamJobs({
    ...{ clock, log, index, reader, streams, node, events },
    ...{ kind: NOTIFY_JOB, what: "notifications" },
    wants: (stream) => addressOf(stream) !== undefined,
    jobOf,
    failed: () => {},
    stopping: () => stop.abort(),
  });
  return jobs;
}

/** Where the stream's notifications are posted; undefined: nowhere. */
function addressOf(stream: StreamInfo): string | undefined {
  const { notification: given } = kvsOf(stream) as {
    notification?: { Status?: string; DestinationConfig?: { Uri?: string } };
  };
  const uri = given?.DestinationConfig?.Uri ?? "";
  return given?.Status === "ENABLED" && /^https?:\/\//i.test(uri) ? uri : undefined;
}

/** As the service writes it into a topic. */
function notification(stream: StreamInfo, info: FragmentInfo, tags: readonly SimpleTag[]) {
  const own = tags.filter(({ name }) => !name.startsWith("AWS_"));
  return {
    StreamArn: arnOf(stream),
    FragmentNumber: formatFragmentNumber(info.number),
    FragmentStartProducerTimestamp: Math.floor(info.producedStartUs / 1000),
    FragmentStartServerTimestamp: info.number.receivedMs,
    NotificationType: "PERSISTED",
    NotificationPayload: Object.fromEntries(own.map(({ name, value }) => [name, value])),
  };
}

/** Without what an address may have of secrets in its path. */
function refused(url: string, why: string): Fault {
  const { host } = URL.canParse(url) ? new URL(url) : { host: url.slice(0, 40) };
  return new Fault("request.bad", `${host}: ${why}`);
}
