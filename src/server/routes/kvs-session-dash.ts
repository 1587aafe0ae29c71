/** The DASH manifest of a KVS session. */
import { Fault } from "../../base/errors.ts";
import { writeManifest } from "../../play/dash/manifest.ts";
import { playedUs, withoutTwins } from "../../play/hls/listed.ts";
import { queryText } from "./hls-query.ts";
import { initUri, listedNow, type SessionRequest, trackNumberOf } from "./kvs-session-hls.ts";

/** Throws `request.no-media`, `codec.bad-config` where the tracks change. */
export async function sessionManifest(request: SessionRequest): Promise<string> {
  const { session, token: SessionToken, nowMs } = request;
  const { now, trackSets } = await listedNow(request);
  const { mode, timestamps, numbers, clock, shiftMs: skewMs } = session;
  if (trackSets.size > 1)
    throw new Fault("codec.bad-config", "the tracks change, which a DASH session does not allow");
  const uris: Parameters<typeof writeManifest>[0]["uris"] = {
    init: (TrackSetId, rendition) => initUri({ session, SessionToken, TrackSetId, rendition }),
    media: (rendition) => {
      const more = queryText({ SessionToken, TrackNumber: trackNumberOf(session, rendition) });
      return `getMP4MediaFragment.mp4?FragmentTime=$Time$&${more.slice(1)}`;
    },
  };
  const list = withoutTwins(now.list);
  const kvs = { numbers, clock: timestamps ? clock : undefined };
  if (mode === "ON_DEMAND") return writeManifest({ list, trackSets, uris, kvs });
  const longest = list.reduce((most, one, i) => Math.max(most, playedUs(list[i - 1], one)), 0);
  const targetUs = Math.max(1, Math.ceil(longest / 1e6)) * 1e6;
  const location = `getDASHManifest.mpd${queryText({ SessionToken })}`;
  return writeManifest({ list, trackSets, uris, kvs, live: { nowMs, skewMs, location, targetUs } });
}
