/** Tags, and what is kept with a stream and told again (KVS pages TagStream to DescribeMappedResourceConfiguration). */
import { Fault } from "../../../base/errors.ts";
import { addTags, changeKvs, kvsOf, removeTags } from "../attributes.ts";
import type { StreamOperation } from "../context.ts";

export const tagStream: StreamOperation<{ Tags: Record<string, string> }, object> = async (
  { Tags },
  context,
) => {
  await changeKvs(context, (kvs) => addTags(kvs, Tags));
  return {};
};

export const tagResource: StreamOperation<
  { Tags: { Key: string; Value: string }[] },
  object
> = async ({ Tags }, context) => {
  const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  await changeKvs(context, (kvs) => addTags(kvs, tags));
  return {};
};

export const untag: StreamOperation<{ TagKeyList: string[] }, object> = async (
  { TagKeyList },
  context,
) => {
  await changeKvs(context, (kvs) => removeTags(kvs, TagKeyList));
  return {};
};

/** All on one page: there are 50 at most. */
export const listTags: StreamOperation<object, object> = async (_, { stream }) => ({
  Tags: kvsOf(stream).tags ?? {},
});

export const describeImages: StreamOperation<object, object> = async (_, { stream }) => {
  const { imageGeneration } = kvsOf(stream);
  return imageGeneration === undefined ? {} : { ImageGenerationConfiguration: imageGeneration };
};

/** Without a configuration the one there is goes. */
export const updateImages: StreamOperation<
  { ImageGenerationConfiguration?: object },
  object
> = async ({ ImageGenerationConfiguration: given }, context) => {
  needsRetention(given, context.stream.retentionHours);
  await changeKvs(context, ({ imageGeneration: _, ...rest }) =>
    given === undefined ? rest : { ...rest, imageGeneration: given },
  );
  return {};
};

export const describeNotification: StreamOperation<object, object> = async (_, { stream }) => {
  const { notification } = kvsOf(stream);
  return notification === undefined ? {} : { NotificationConfiguration: notification };
};

export const updateNotification: StreamOperation<
  { NotificationConfiguration?: object },
  object
> = async ({ NotificationConfiguration: given }, context) => {
  needsRetention(given, context.stream.retentionHours);
  await changeKvs(context, ({ notification: _, ...rest }) =>
    given === undefined ? rest : { ...rest, notification: given },
  );
  return {};
};

export const describeStorage: StreamOperation<object, object> = async (_, { stream }) => ({
  StreamName: stream.name,
  StreamStorageConfiguration: kvsOf(stream).storage ?? { DefaultStorageTier: "HOT" },
});

export const updateStorage: StreamOperation<
  { CurrentVersion: string; StreamStorageConfiguration: object },
  object
> = async ({ CurrentVersion, StreamStorageConfiguration: storage }, context) => {
  if (CurrentVersion !== context.stream.version)
    throw new Fault("stream.version-mismatch", "the stream has another version by now");
  await changeKvs(context, (kvs) => ({ ...kvs, storage }));
  return {};
};

/** Signaling channels are not built, so no stream is mapped to one. */
export const describeMapped: StreamOperation<object, object> = async () => ({
  MappedResourceConfigurationList: [],
});

function needsRetention(given: object | undefined, hours: number): void {
  if (given === undefined || hours > 0) return;
  throw new Fault("stream.no-retention", "the stream keeps nothing: raise its retention");
}
