/** Changes a stream's settings: checked, versioned, written down in the audit. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { FragmentIndex } from "../index/fragment-index.ts";
import { checkWho } from "./holds.ts";
import { checkRules } from "./policy.ts";

export interface StreamPatch {
  readonly retentionHours?: number;
  readonly retentionBytes?: number;
  readonly mediaType?: string;
  /** All of them: what is not in it goes. */
  readonly attributes?: StreamInfo["attributes"];
  /** Refused when the stream has another one by now. */
  readonly version?: string;
  readonly who: string;
}

/** Throws `stream.not-found`, `stream.version-mismatch`, `request.bad`. */
export async function changeStream(
  { index, clock }: { readonly index: FragmentIndex; readonly clock: Clock },
  stream: string,
  { version, who, ...change }: StreamPatch,
): Promise<StreamInfo> {
  checkRules(change);
  checkWho(who);
  const next = randomBytes(10).toString("hex");
  const info = await index.updateStream(stream, { ...change, version: next }, version);
  const detail = JSON.stringify(change);
  await index.addAudit({ atMs: clock.now(), action: "stream-changed", stream, who, detail });
  return info;
}
