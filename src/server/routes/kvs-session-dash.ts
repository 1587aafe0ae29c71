/** The DASH manifest of a KVS session. */
import { Fault } from "../../base/errors.ts";
import { writeMpd } from "../../play/dash/mpd.ts";
import { livePeriods, staticPeriods, stretchesOf } from "../../play/dash/periods.ts";
import { leftOut } from "../../play/hls/range-playlist.ts";
import { queryText } from "./hls-query.ts";
import { initUri, listedNow, type SessionRequest, trackNumberOf } from "./kvs-session-hls.ts";

/** Throws `request.no-media`, `codec.bad-config` where the tracks change. */
export async function sessionManifest(request: SessionRequest): Promise<string> {
  const { session, token: SessionToken, nowMs } = request;
  const { now, trackSets } = await listedNow(request);
  const { mode, timestamps, numbers, clock, shiftMs } = session;
  if (trackSets.size > 1)
    throw new Fault("codec.bad-config", "the tracks change, which a DASH session does not allow");
  const options = {
    trackSets,
    timestamps: timestamps ? clock : undefined,
    numbers,
    uris: {
      init: (TrackSetId: string, rendition: "v" | "a" | "av") =>
        initUri({ session, SessionToken, TrackSetId, rendition }),
      media: (rendition: "v" | "a" | "av") => {
        const TrackNumber = trackNumberOf(session, rendition);
        return `getMP4MediaFragment.mp4?FragmentTime=$Time$&${queryText({ SessionToken, TrackNumber }).slice(1)}`;
      },
    },
  };
  const comments = [...trackSets.values()].flatMap(leftOut);
  if (mode === "ON_DEMAND")
    return writeMpd({ periods: staticPeriods(now.list, options), live: undefined, comments });
  const shown = stretchesOf(now.list).at(-1) ?? [];
  const firstUs = shown[0]?.info.producedStartUs ?? 0;
  const windowUs = (shown.at(-1)?.info.producedEndUs ?? 0) - firstUs;
  const live = { availableMs: shiftMs, publishedMs: nowMs, windowUs };
  return writeMpd({ periods: livePeriods(now.list, options), live, comments });
}
