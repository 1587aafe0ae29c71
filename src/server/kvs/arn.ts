/** Names of streams as KVS spells them: `arn:aws:kinesisvideo:REGION:ACCOUNT:stream/NAME/CREATION_MS`. */
import { Fault } from "../../base/errors.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";

/** What ARNs say here. Any is taken. */
const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const ARN = /^arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:([a-z]+)\/([a-zA-Z0-9_.-]+)\/([0-9]+)$/;

export function arnOf({ name, createdMs }: Pick<StreamInfo, "name" | "createdMs">): string {
  return `arn:aws:kinesisvideo:${REGION}:${ACCOUNT}:stream/${name}/${Math.floor(createdMs)}`;
}

export interface NamedStream {
  readonly name: string;
  /** Where an ARN says it: another stream of that name is not meant. */
  readonly createdMs?: number;
}

/** Throws `stream.bad-name`. */
export function readArn(arn: string): NamedStream {
  const [, kind, name, createdMs] = ARN.exec(arn) ?? [];
  if (kind !== "stream" || name === undefined)
    throw new Fault("stream.bad-name", `not the ARN of a stream: ${arn.slice(0, 80)}`);
  return { name, createdMs: Number(createdMs) };
}

/** Of an input with a name, an ARN, or both. Throws `request.bad`, `stream.bad-name`. */
export function namedStream(input: { StreamName?: string; StreamARN?: string }): NamedStream {
  const { StreamName: name, StreamARN: arn } = input;
  if (arn === undefined) {
    if (name === undefined) throw new Fault("request.bad", "StreamName or StreamARN is required");
    return { name };
  }
  const named = readArn(arn);
  if (name !== undefined && name !== named.name)
    throw new Fault("request.bad", "StreamName and StreamARN are of different streams");
  return named;
}
