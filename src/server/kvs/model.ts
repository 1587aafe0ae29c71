/** Input shapes of the operations, as the service's model of 2017-09-30 has them (kinesisvideo, media, archived media). */
import type { Shape, Structure } from "./shapes.ts";

const string = (min: number, max: number, pattern?: RegExp): Shape => ({
  ...{ type: "string", min, max },
  ...(pattern === undefined ? {} : { pattern }),
});
const integer = (min: number, max: number): Shape => ({ type: "integer", min, max });
const oneOf = (...values: string[]): Shape => ({ type: "enum", values });
/** A `*` at the end of a member's name: it is required. */
function structure(members: Readonly<Record<string, Shape>>): Structure {
  const names = Object.keys(members);
  return {
    type: "structure",
    members: Object.fromEntries(
      names.map((name) => [name.replace("*", ""), members[name] as Shape]),
    ),
    required: names.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1)),
  };
}

const ANY = Number.MAX_SAFE_INTEGER;
const timestamp: Shape = { type: "timestamp" };
const name = string(1, 256, /^[a-zA-Z0-9_.-]+$/);
const arn = string(
  1,
  1024,
  /^arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:[a-z]+\/[a-zA-Z0-9_.-]+\/[0-9]+$/,
);
const version = string(1, 64, /^[a-zA-Z0-9]+$/);
const device = string(1, 128, /^[a-zA-Z0-9_.-]+$/);
const mediaType = string(1, 128, /^[\w\-.+]+\/[\w\-.+]+(,[\w\-.+]+\/[\w\-.+]+)*$/);
const controlToken = string(0, 1024, /^[a-zA-Z0-9+/=]*$/);
const archiveToken = string(1, 4096, /^[a-zA-Z0-9+/]+={0,2}$/);
const tagKey = string(1, 128, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u);
const tagValue = string(0, 256, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u);
const tagMap: Shape = { type: "map", key: tagKey, value: tagValue, min: 1, max: 50 };
const tagKeys: Shape = { type: "list", of: tagKey, min: 1, max: 50 };
const uri = string(1, 255, /^[a-zA-Z_0-9]+:(\/\/)?([^/]+)\/?([^*]*)$/);
const fragmentNumber = string(1, 128, /^[0-9]+$/);
const clock = oneOf("PRODUCER_TIMESTAMP", "SERVER_TIMESTAMP");
const stream = { StreamName: name, StreamARN: arn };
const format = oneOf("JPEG", "PNG");
const formatConfig: Shape = {
  ...{ type: "map", key: oneOf("JPEGQuality"), value: string(0, 256, /^[a-zA-Z_0-9]+$/) },
  ...{ min: 1, max: 1 },
};
const pixels = { WidthPixels: integer(1, 3840), HeightPixels: integer(1, 2160) };
const status = oneOf("ENABLED", "DISABLED");
const range = structure({ "StartTimestamp*": timestamp, "EndTimestamp*": timestamp });
const openRange = structure({ StartTimestamp: timestamp, EndTimestamp: timestamp });
const playback = oneOf("LIVE", "LIVE_REPLAY", "ON_DEMAND");
const display = oneOf("ALWAYS", "NEVER");

export const APIS = [
  "PUT_MEDIA",
  "GET_MEDIA",
  "LIST_FRAGMENTS",
  "GET_MEDIA_FOR_FRAGMENT_LIST",
  "GET_HLS_STREAMING_SESSION_URL",
  "GET_DASH_STREAMING_SESSION_URL",
  "GET_CLIP",
  "GET_IMAGES",
] as const;

export const INPUTS = {
  CreateStream: structure({
    ...{ DeviceName: device, "StreamName*": name, MediaType: mediaType, Tags: tagMap },
    ...{ KmsKeyId: string(1, 2048), DataRetentionInHours: integer(0, ANY) },
    StreamStorageConfiguration: structure({ "DefaultStorageTier*": oneOf("HOT", "WARM") }),
  }),
  DescribeStream: structure(stream),
  ListStreams: structure({
    MaxResults: integer(1, 10_000),
    NextToken: controlToken,
    StreamNameCondition: structure({
      ComparisonOperator: oneOf("BEGINS_WITH"),
      ComparisonValue: name,
    }),
  }),
  UpdateStream: structure({
    ...stream,
    ...{ "CurrentVersion*": version, DeviceName: device, MediaType: mediaType },
  }),
  DeleteStream: structure({ "StreamARN*": arn, CurrentVersion: version }),
  UpdateDataRetention: structure({
    ...stream,
    "CurrentVersion*": version,
    "Operation*": oneOf("INCREASE_DATA_RETENTION", "DECREASE_DATA_RETENTION"),
    "DataRetentionChangeInHours*": integer(1, ANY),
  }),
  GetDataEndpoint: structure({ ...stream, "APIName*": oneOf(...APIS) }),
  TagStream: structure({ ...stream, "Tags*": tagMap }),
  UntagStream: structure({ ...stream, "TagKeyList*": tagKeys }),
  ListTagsForStream: structure({ ...stream, NextToken: controlToken }),
  TagResource: structure({
    "ResourceARN*": arn,
    "Tags*": {
      ...{ type: "list", min: 1, max: 50 },
      of: structure({ "Key*": tagKey, "Value*": tagValue }),
    },
  }),
  UntagResource: structure({ "ResourceARN*": arn, "TagKeyList*": tagKeys }),
  ListTagsForResource: structure({ "ResourceARN*": arn, NextToken: controlToken }),
  DescribeImageGenerationConfiguration: structure(stream),
  UpdateImageGenerationConfiguration: structure({
    ...stream,
    ImageGenerationConfiguration: structure({
      "Status*": status,
      "ImageSelectorType*": clock,
      "DestinationConfig*": structure({
        "Uri*": uri,
        "DestinationRegion*": string(9, 14, /^[a-z]+(-[a-z]+)?-[a-z]+-[0-9]$/),
      }),
      "SamplingInterval*": integer(0, ANY),
      ...{ "Format*": format, FormatConfig: formatConfig, ...pixels },
    }),
  }),
  DescribeNotificationConfiguration: structure(stream),
  UpdateNotificationConfiguration: structure({
    ...stream,
    NotificationConfiguration: structure({
      "Status*": status,
      "DestinationConfig*": structure({ "Uri*": uri }),
    }),
  }),
  DescribeStreamStorageConfiguration: structure(stream),
  UpdateStreamStorageConfiguration: structure({
    ...stream,
    "CurrentVersion*": version,
    "StreamStorageConfiguration*": structure({ "DefaultStorageTier*": oneOf("HOT", "WARM") }),
  }),
  DescribeMappedResourceConfiguration: structure({
    ...stream,
    ...{ MaxResults: integer(1, 1), NextToken: controlToken },
  }),
  GetMedia: structure({
    ...stream,
    "StartSelector*": structure({
      "StartSelectorType*": oneOf(
        ...["FRAGMENT_NUMBER", "SERVER_TIMESTAMP", "PRODUCER_TIMESTAMP"],
        ...["NOW", "EARLIEST", "CONTINUATION_TOKEN"],
      ),
      AfterFragmentNumber: fragmentNumber,
      StartTimestamp: timestamp,
      ContinuationToken: string(1, 128, /^[a-zA-Z0-9_.-]+$/),
    }),
  }),
  ListFragments: structure({
    ...stream,
    ...{ MaxResults: integer(1, 1000), NextToken: archiveToken },
    FragmentSelector: structure({ "FragmentSelectorType*": clock, "TimestampRange*": range }),
  }),
  GetMediaForFragmentList: structure({
    ...stream,
    "Fragments*": { type: "list", of: fragmentNumber, min: 1, max: 1000 },
  }),
  GetClip: structure({
    ...stream,
    "ClipFragmentSelector*": structure({
      "FragmentSelectorType*": clock,
      "TimestampRange*": range,
    }),
  }),
  GetImages: structure({
    ...stream,
    ...{ "ImageSelectorType*": clock, "StartTimestamp*": timestamp, "EndTimestamp*": timestamp },
    ...{ SamplingInterval: integer(0, ANY), "Format*": format, FormatConfig: formatConfig },
    ...{ ...pixels, MaxResults: integer(1, 100), NextToken: archiveToken },
  }),
  GetHLSStreamingSessionURL: structure({
    ...stream,
    PlaybackMode: playback,
    HLSFragmentSelector: structure({ FragmentSelectorType: clock, TimestampRange: openRange }),
    ContainerFormat: oneOf("FRAGMENTED_MP4", "MPEG_TS"),
    DiscontinuityMode: oneOf("ALWAYS", "NEVER", "ON_DISCONTINUITY"),
    ...{ DisplayFragmentTimestamp: display, Expires: integer(300, 43_200) },
    MaxMediaPlaylistFragmentResults: integer(1, 5000),
  }),
  GetDASHStreamingSessionURL: structure({
    ...stream,
    PlaybackMode: playback,
    ...{ DisplayFragmentTimestamp: display, DisplayFragmentNumber: display },
    DASHFragmentSelector: structure({ FragmentSelectorType: clock, TimestampRange: openRange }),
    ...{ Expires: integer(300, 43_200), MaxManifestFragmentResults: integer(1, 5000) },
  }),
} satisfies Record<string, Structure>;

export type OperationName = keyof typeof INPUTS;

/** Of signaling, edge agents and WebRTC storage: known, and not built. By path. */
export const NOT_BUILT: readonly string[] = [
  ...["/createSignalingChannel", "/describeSignalingChannel", "/listSignalingChannels"],
  ...["/updateSignalingChannel", "/deleteSignalingChannel", "/getSignalingChannelEndpoint"],
  ...["/describeMediaStorageConfiguration", "/updateMediaStorageConfiguration"],
  ...["/startEdgeConfigurationUpdate", "/describeEdgeConfiguration", "/deleteEdgeConfiguration"],
  ...["/listEdgeAgentConfigurations", "/v1/get-ice-server-config"],
  ...["/v1/send-alexa-offer-to-master", "/joinStorageSession", "/joinStorageSessionAsViewer"],
];

/** `/createStream`; the three of resources keep their capital. */
export function pathOf(operation: OperationName): string {
  const kept = ["TagResource", "UntagResource", "ListTagsForResource"].includes(operation);
  return `/${kept ? operation : operation.charAt(0).toLowerCase() + operation.slice(1)}`;
}
