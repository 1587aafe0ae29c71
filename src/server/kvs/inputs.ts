/** Inputs as their handlers get them: what model.ts has checked. Times are seconds since the Unix epoch. */

export interface StreamInput {
  readonly StreamName?: string;
  readonly StreamARN?: string;
}

export type ClockSelector = "PRODUCER_TIMESTAMP" | "SERVER_TIMESTAMP";

export interface TimestampRange {
  readonly StartTimestamp: number;
  readonly EndTimestamp: number;
}

export interface CreateStreamInput {
  readonly StreamName: string;
  readonly DeviceName?: string;
  readonly MediaType?: string;
  readonly KmsKeyId?: string;
  readonly DataRetentionInHours?: number;
  readonly Tags?: Readonly<Record<string, string>>;
  readonly StreamStorageConfiguration?: { readonly DefaultStorageTier: string };
}

export interface ListStreamsInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
  readonly StreamNameCondition?: { readonly ComparisonValue?: string };
}

export interface UpdateStreamInput extends StreamInput {
  readonly CurrentVersion: string;
  readonly DeviceName?: string;
  readonly MediaType?: string;
}

export interface UpdateDataRetentionInput extends StreamInput {
  readonly CurrentVersion: string;
  readonly Operation: "INCREASE_DATA_RETENTION" | "DECREASE_DATA_RETENTION";
  readonly DataRetentionChangeInHours: number;
}

export interface GetMediaInput extends StreamInput {
  readonly StartSelector: {
    readonly StartSelectorType:
      | "FRAGMENT_NUMBER"
      | "SERVER_TIMESTAMP"
      | "PRODUCER_TIMESTAMP"
      | "NOW"
      | "EARLIEST"
      | "CONTINUATION_TOKEN";
    readonly AfterFragmentNumber?: string;
    readonly StartTimestamp?: number;
    readonly ContinuationToken?: string;
  };
}

export interface ListFragmentsInput extends StreamInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
  readonly FragmentSelector?: {
    readonly FragmentSelectorType: ClockSelector;
    readonly TimestampRange: TimestampRange;
  };
}

/** Which stream's settings an interface of KVS keeps (`StreamInfo.attributes.kvs`). */
export interface KvsAttributes {
  readonly deviceName?: string;
  readonly kmsKeyId?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** As they were given. */
  readonly imageGeneration?: object;
  readonly notification?: object;
  readonly storage?: object;
}
