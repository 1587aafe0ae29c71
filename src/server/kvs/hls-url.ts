/** GetHLSStreamingSessionURL (API_reader_GetHLSStreamingSessionURL.html). The session's routes: `../routes/kvs-sessions.ts`. */
import { Fault } from "../../base/errors.ts";
import { KVS_BREAKS } from "../../play/hls/listed.ts";
import { openPlayback, type PlaybackInput } from "../kvs-playback.ts";
import type { StreamOperation } from "./context.ts";

type Display = "ALWAYS" | "NEVER";

export interface GetHlsUrlInput extends Pick<PlaybackInput, "PlaybackMode" | "Expires"> {
  readonly HLSFragmentSelector?: NonNullable<PlaybackInput["selector"]>;
  readonly ContainerFormat?: "FRAGMENTED_MP4" | "MPEG_TS";
  readonly DiscontinuityMode?: Display | "ON_DISCONTINUITY";
  readonly DisplayFragmentTimestamp?: Display;
  readonly MaxMediaPlaylistFragmentResults?: number;
}

const RULES = { ALWAYS: "always", NEVER: "never", ON_DISCONTINUITY: KVS_BREAKS } as const;

/** Throws as `openPlayback`, and `request.bad` for MPEG_TS. */
export const getHlsUrl: StreamOperation<
  GetHlsUrlInput,
  { HLSStreamingSessionURL: string }
> = async (input, context) => {
  const { HLSFragmentSelector: selector, MaxMediaPlaylistFragmentResults: max } = input;
  const { DisplayFragmentTimestamp: timestamps, DiscontinuityMode: breaks } = input;
  if (input.ContainerFormat === "MPEG_TS")
    throw new Fault("request.bad", "ContainerFormat MPEG_TS is not built: ask for FRAGMENTED_MP4");
  const token = await openPlayback(
    "hls",
    {
      ...input,
      ...(selector === undefined ? {} : { selector }),
      ...(max === undefined ? {} : { max }),
      ...(timestamps === undefined ? {} : { timestamps }),
      rule: (clock) => RULES[breaks ?? (clock === "server" ? "ALWAYS" : "NEVER")],
    },
    context,
  );
  const path = "/hls/v1/getHLSMasterPlaylist.m3u8";
  return { HLSStreamingSessionURL: `${context.baseUrl}${path}?SessionToken=${token}` };
};
