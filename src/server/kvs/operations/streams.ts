/** Making, describing, changing and deleting streams (KVS pages CreateStream to DeleteStream). */
import { Fault } from "../../../base/errors.ts";
import type { StreamInfo } from "../../../fragment/fragment.ts";
import { deleteStream as endStream } from "../../delete-stream.ts";
import { arnOf } from "../arn.ts";
import { kvsOf, withKvs } from "../attributes.ts";
import type { KvsContext, StreamOperation } from "../context.ts";
import type {
  CreateStreamInput,
  KvsAttributes,
  ListStreamsInput,
  UpdateDataRetentionInput,
  UpdateStreamInput,
} from "../inputs.ts";

/** What the service says when nobody chose a key. */
const DEFAULT_KEY = "arn:aws:kms:us-east-1:000000000000:alias/aws/kinesisvideo";
const PAGE = 10_000;

export async function createStream(input: CreateStreamInput, { parts, principal }: KvsContext) {
  const { DeviceName, MediaType, KmsKeyId, Tags, StreamStorageConfiguration } = input;
  const { DataRetentionInHours: retentionHours = 0, StreamName: name } = input;
  const kvs: KvsAttributes = {
    ...(DeviceName === undefined ? {} : { deviceName: DeviceName }),
    ...(KmsKeyId === undefined ? {} : { kmsKeyId: KmsKeyId }),
    ...(Tags === undefined ? {} : { tags: Tags }),
    ...(StreamStorageConfiguration === undefined ? {} : { storage: StreamStorageConfiguration }),
  };
  const info = await parts.archive.create({
    ...{ name, retentionHours, attributes: withKvs({}, kvs), who: principal.id },
    ...(MediaType === undefined ? {} : { mediaType: MediaType }),
  });
  return { StreamARN: arnOf(info) };
}

export const describeStream: StreamOperation<object, object> = async (_, { stream }) => ({
  StreamInfo: describe(stream),
});

/** Small: the C SDK reads it with room for 100 JSON tokens. */
function describe(info: StreamInfo) {
  const { deviceName, kmsKeyId = DEFAULT_KEY } = kvsOf(info);
  return {
    ...(deviceName === undefined ? {} : { DeviceName: deviceName }),
    StreamName: info.name,
    StreamARN: arnOf(info),
    ...(info.mediaType === undefined ? {} : { MediaType: info.mediaType }),
    KmsKeyId: kmsKeyId,
    Version: info.version,
    Status: "ACTIVE",
    CreationTime: info.createdMs / 1000,
    DataRetentionInHours: info.retentionHours,
  };
}

/** By name; the token is the last name of the page before. */
export async function listStreams(input: ListStreamsInput, { parts, principal }: KvsContext) {
  const { MaxResults = PAGE, NextToken, StreamNameCondition } = input;
  const prefix = StreamNameCondition?.ComparisonValue ?? "";
  const after = NextToken === undefined ? "" : Buffer.from(NextToken, "base64").toString("utf8");
  const all = (await parts.archive.list()).filter(
    ({ name }) =>
      name.startsWith(prefix) && name > after && principal.may("read", { stream: name }),
  );
  const page = all.slice(0, MaxResults);
  const last = page.at(-1);
  return {
    StreamInfoList: page.map(describe),
    ...(all.length > page.length && last !== undefined
      ? { NextToken: Buffer.from(last.name, "utf8").toString("base64") }
      : {}),
  };
}

export const updateStream: StreamOperation<UpdateStreamInput, object> = async (input, context) => {
  const { parts, principal, stream } = context;
  const { DeviceName, MediaType, CurrentVersion: version } = input;
  const kvs = { ...kvsOf(stream), ...(DeviceName === undefined ? {} : { deviceName: DeviceName }) };
  await parts.retention.change(stream.name, {
    ...{ version, who: principal.id, attributes: withKvs(stream, kvs) },
    ...(MediaType === undefined ? {} : { mediaType: MediaType }),
  });
  return {};
};

export const updateDataRetention: StreamOperation<UpdateDataRetentionInput, object> = async (
  { CurrentVersion: version, Operation, DataRetentionChangeInHours: hours },
  { parts, principal, stream },
) => {
  const sign = Operation === "INCREASE_DATA_RETENTION" ? 1 : -1;
  const retentionHours = stream.retentionHours + sign * hours;
  await parts.retention.change(stream.name, { retentionHours, version, who: principal.id });
  return {};
};

export const deleteStream: StreamOperation<{ readonly CurrentVersion?: string }, object> = async (
  { CurrentVersion },
  { parts, stream },
) => {
  if (CurrentVersion !== undefined && CurrentVersion !== stream.version)
    throw new Fault("stream.version-mismatch", `${stream.name} has another version by now`);
  await endStream(parts, stream.name);
  return {};
};
