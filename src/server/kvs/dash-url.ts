/** GetDASHStreamingSessionURL (API_reader_GetDASHStreamingSessionURL.html). The session's routes: `../routes/kvs-sessions.ts`. */
import { KVS_BREAKS } from "../../play/hls/listed.ts";
import { openPlayback, type PlaybackInput } from "../kvs-playback.ts";
import type { StreamOperation } from "./context.ts";

type Display = "ALWAYS" | "NEVER";

export interface GetDashUrlInput extends Pick<PlaybackInput, "PlaybackMode" | "Expires"> {
  readonly DASHFragmentSelector?: NonNullable<PlaybackInput["selector"]>;
  readonly DisplayFragmentTimestamp?: Display;
  readonly DisplayFragmentNumber?: Display;
  readonly MaxManifestFragmentResults?: number;
}

/** Throws as `openPlayback`; `codec.bad-config` also where the tracks change. */
export const getDashUrl: StreamOperation<
  GetDashUrlInput,
  { DASHStreamingSessionURL: string }
> = async (input, context) => {
  const { DASHFragmentSelector: selector, MaxManifestFragmentResults: max } = input;
  const { DisplayFragmentTimestamp: timestamps, DisplayFragmentNumber: numbers } = input;
  const token = await openPlayback(
    "dash",
    {
      ...input,
      ...(selector === undefined ? {} : { selector }),
      ...(max === undefined ? {} : { max }),
      ...(timestamps === undefined ? {} : { timestamps }),
      ...(numbers === undefined ? {} : { numbers }),
      rule: () => KVS_BREAKS,
    },
    context,
  );
  const path = "/dash/v1/getDASHManifest.mpd";
  return { DASHStreamingSessionURL: `${context.baseUrl}${path}?SessionToken=${token}` };
};
