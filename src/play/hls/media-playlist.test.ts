import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type MediaPlaylist,
  type PlaylistSegment,
  targetDuration,
  writeMediaPlaylist,
} from "./media-playlist.ts";

const PLAIN: PlaylistSegment = {
  uri: "s.m4s",
  durationUs: 2_000_000,
  map: "i.mp4",
  discontinuity: false,
  gap: false,
  dateMs: undefined,
  parts: [],
};

const VOD: MediaPlaylist = {
  kind: "vod",
  mediaSequence: 0,
  discontinuitySequence: 0,
  segments: [],
  independent: true,
  ended: true,
  comments: [],
  lowLatency: undefined,
};

suite("media playlist", () => {
  test("of recorded media has maps and dates where they change, and an end", () => {
    const segments = [
      { ...PLAIN, uri: "1.m4s", dateMs: 1_790_000_000_000 },
      { ...PLAIN, uri: "2.m4s", durationUs: 1_960_000 },
      { ...PLAIN, uri: "3.m4s", map: "j.mp4", discontinuity: true, dateMs: 1_790_000_060_000 },
    ];
    const text = writeMediaPlaylist({ ...VOD, segments, comments: ["track 3\nis left out"] });
    assert.equal(
      text,
      `#EXTM3U
#EXT-X-VERSION:7
## track 3 is left out
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="i.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:20.000Z
#EXTINF:2,
1.m4s
#EXTINF:1.96,
2.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="j.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:14:20.000Z
#EXTINF:2,
3.m4s
#EXT-X-ENDLIST
`,
    );
  });

  test("of live media has parts, a hint, and what the server can do", () => {
    const part = { uri: "2.0.m4s", durationUs: 360_000, independent: true };
    const text = writeMediaPlaylist({
      ...VOD,
      kind: "live",
      ended: false,
      mediaSequence: 7,
      discontinuitySequence: 3,
      independent: false,
      segments: [
        { ...PLAIN, uri: "gap.m4s", durationUs: 1000, gap: true },
        {
          ...PLAIN,
          uri: undefined,
          parts: [part, { ...part, uri: "2.1.m4s", independent: false }],
        },
      ],
      lowLatency: { partTarget: 0.4, hint: "2.2.m4s" },
    });
    assert.equal(
      text,
      `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0,PART-HOLD-BACK=1.200
#EXT-X-PART-INF:PART-TARGET=0.400
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-MAP:URI="i.mp4"
#EXT-X-GAP
#EXTINF:0.001,
gap.m4s
#EXT-X-PART:DURATION=0.36,URI="2.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.36,URI="2.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2.2.m4s"
`,
    );
  });

  test("as a delta update leaves out what lies before six target durations", () => {
    const segments = Array.from({ length: 20 }, (_, i) => ({ ...PLAIN, uri: `${i}.m4s` }));
    const live = { ...VOD, kind: "live", ended: false, segments } as const;
    const text = writeMediaPlaylist(live, { skip: true });
    assert.match(text, /#EXT-X-SKIP:SKIPPED-SEGMENTS=13\n#EXTINF:2,\n13\.m4s/);
    assert.equal(text.match(/EXTINF/g)?.length, 7);
    assert.doesNotMatch(text, /EXT-X-MAP/);
    const few = writeMediaPlaylist({ ...live, segments: segments.slice(0, 6) }, { skip: true });
    assert.doesNotMatch(few, /EXT-X-SKIP/);
  });

  test("has a target duration that no rounded segment passes and that small differences do not change", () => {
    const of = (us: number) => targetDuration([{ ...PLAIN, durationUs: us }]);
    assert.deepEqual([of(1000), of(2_400_000), of(6_700_000), of(7_900_000)], [1, 2, 8, 8]);
    assert.equal(of(90_000_000), 90);
  });
});
