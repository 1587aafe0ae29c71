/** Every operation: what it must be allowed to do, and what does it. */
import type { Action } from "../access/guard.ts";
import type { KvsContext, StreamOperation } from "./context.ts";
import { getDashUrl } from "./dash-url.ts";
import { getClip } from "./get-clip.ts";
import { getImages } from "./get-images.ts";
import { getHlsUrl } from "./hls-url.ts";
import type { CreateStreamInput } from "./inputs.ts";
import type { OperationName } from "./model.ts";
import {
  getDataEndpoint,
  getMedia,
  getMediaForFragmentList,
  listFragments,
} from "./operations/media.ts";
import * as settings from "./operations/settings.ts";
import * as streams from "./operations/streams.ts";

export type Handler =
  /** On one stream, named by StreamName, StreamARN or ResourceARN. */
  | {
      readonly on: "stream";
      readonly action: Action;
      /** Whoever may record the stream may do it too. */
      readonly orProduce?: boolean;
      readonly run: StreamOperation<never, object | undefined>;
    }
  | {
      readonly on: "server";
      readonly action: Action;
      /** Of the input: what is asked for. */
      readonly target?: (input: never) => string | undefined;
      readonly run: (input: never, context: KvsContext) => Promise<object>;
    };

const onStream = (action: Action, run: StreamOperation<never, object | undefined>): Handler => ({
  ...{ on: "stream", action, run },
});

const forProducers = (handler: Handler): Handler =>
  handler.on === "stream" ? { ...handler, orProduce: true } : handler;

export const HANDLERS: Readonly<Record<OperationName, Handler>> = {
  CreateStream: {
    ...{ on: "server", action: "manage" },
    target: ({ StreamName }: CreateStreamInput) => StreamName,
    run: streams.createStream,
  },
  // Streams that the caller may not read are left out of the list.
  ListStreams: {
    ...{ on: "server", action: "read" },
    run: streams.listStreams,
  },
  // Before its first PutMedia a producer asks both.
  DescribeStream: forProducers(onStream("read", streams.describeStream)),
  UpdateStream: onStream("manage", streams.updateStream),
  DeleteStream: onStream("manage", streams.deleteStream),
  UpdateDataRetention: onStream("manage", streams.updateDataRetention),
  GetDataEndpoint: forProducers(onStream("read", getDataEndpoint)),
  TagStream: onStream("manage", settings.tagStream),
  UntagStream: onStream("manage", settings.untag),
  ListTagsForStream: onStream("read", settings.listTags),
  TagResource: onStream("manage", settings.tagResource),
  UntagResource: onStream("manage", settings.untag),
  ListTagsForResource: onStream("read", settings.listTags),
  DescribeImageGenerationConfiguration: onStream("read", settings.describeImages),
  UpdateImageGenerationConfiguration: onStream("manage", settings.updateImages),
  DescribeNotificationConfiguration: onStream("read", settings.describeNotification),
  UpdateNotificationConfiguration: onStream("manage", settings.updateNotification),
  DescribeStreamStorageConfiguration: onStream("read", settings.describeStorage),
  UpdateStreamStorageConfiguration: onStream("manage", settings.updateStorage),
  DescribeMappedResourceConfiguration: onStream("read", settings.describeMapped),
  GetMedia: onStream("read", getMedia),
  ListFragments: onStream("read", listFragments),
  GetMediaForFragmentList: onStream("read", getMediaForFragmentList),
  GetClip: onStream("read", getClip),
  GetImages: onStream("read", getImages),
  GetHLSStreamingSessionURL: onStream("read", getHlsUrl),
  GetDASHStreamingSessionURL: onStream("read", getDashUrl),
};
