/** Live playlists over a hub and an archive in memory, by a clock that is told. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeReader, fragmentsOfFile } from "../../../test/support/fake-reader.ts";
import { readPlaylist } from "../../../test/support/hls-client.ts";
import { publish } from "../../../test/support/hls-live.ts";
import { mediaUris } from "../../../test/support/hls-uris.ts";
import { makeMedia } from "../../../test/support/media.ts";
import { needs } from "../../../test/support/tools.ts";
import type { SealedFragment } from "../../fragment/fragment.ts";
import { LiveHub } from "../../live/hub.ts";
import { livePlaylist } from "./live-playlist.ts";
import { type FragmentTimes, LONGEST_WAIT_MS, SegmentService } from "./service.ts";

/** Twenty-five fragments of 0.4 to 0.8 s, and a server that has none of them yet. */
async function scene() {
  const fragments = fragmentsOfFile(readFileSync(await makeMedia("short-groups")));
  const clock = new FakeClock(1_790_000_000_000);
  const hub = new LiveHub({ clock });
  const reader = new FakeReader();
  // As the archive names it.
  const trackSetId = () => reader.all("cam")[0]?.trackSetId ?? "";
  const service = new SegmentService({ reader, hub, clock, trackSetId, watch: () => () => {} });
  const publisher = hub.open("cam", "a");
  const [first] = fragments;
  assert.ok(first);
  publisher.tracks(first.trackSet);
  /** To the hub, all of it or so many of its frames; then into the archive. */
  const live = (fragment: SealedFragment, frames?: number) => publish(publisher, fragment, frames);
  const store = (list: readonly SealedFragment[]) => {
    reader.addAll("cam", list);
    clock.advance(1000);
  };
  const playlist = async (more: { since?: number; skip?: boolean; rendition?: "v" | "a" } = {}) => {
    const { since, skip = false, rendition = "v" } = more;
    const options = { rendition, since, skip, uris: mediaUris, counts: service.counts };
    return livePlaylist(service.walk("cam"), await service.live("cam"), options);
  };
  return { fragments, clock, reader, service, live, store, playlist };
}

type Scene = Awaited<ReturnType<typeof scene>>;

/** As a server that runs: each fragment is shown, then stored. */
function record({ fragments, live, store }: Scene, from: number, to: number): void {
  for (const fragment of fragments.slice(from, to)) {
    live(fragment);
    store([fragment]);
  }
}

suite("a live playlist", needs("ffmpeg"), () => {
  test("gives a segment the same number, stretch, length and URI for as long as it lists it", async () => {
    const s = await scene();
    s.store(s.fragments.slice(0, 1));
    s.service.edge("cam");
    const seen = new Map<number, string>();
    let before = 0;
    for (let i = 1; i < s.fragments.length; i++) {
      record(s, i, i + 1);
      const { segments } = readPlaylist(await s.playlist({ since: 1 }));
      const first = segments[0]?.sequence ?? 0;
      assert.ok(first >= before, "media sequence went back");
      before = first;
      // How long the one at hand plays is known when the next begins.
      for (const { sequence, stretch, seconds, uri } of segments.slice(1, -1)) {
        const said = `${stretch} ${seconds} ${uri}`;
        assert.equal(seen.get(sequence) ?? said, said, `segment ${sequence}`);
        seen.set(sequence, said);
      }
    }
    assert.ok(seen.size > 20);
  });

  test("has a gap for every number that was given and not stored, and breaks are counted when they slide out", async () => {
    const s = await scene();
    const other = s.fragments.map((one, i) =>
      i < 10 ? one : { ...one, info: { ...one.info, run: 2 + Math.floor(i / 5) } },
    );
    s.reader.addAll("cam", [...other.slice(0, 3), ...other.slice(5)]);
    const all = readPlaylist(await s.playlist({ since: 1 })).segments;
    assert.deepEqual(
      all.filter((one) => one.gap).map((one) => one.sequence),
      [4, 5],
    );
    // Runs begin at 11, 16 and 21; media is missing before 6.
    const stretchAt = (sequence: number) => all.find((one) => one.sequence === sequence)?.stretch;
    assert.deepEqual([2, 6, 11, 16, 25].map(stretchAt), [0, 1, 2, 3, 4]);
    const { segments } = readPlaylist(await s.playlist({ since: 1 }));
    assert.equal(segments.find((one) => one.sequence === 16)?.stretch, 3);
    const late = new SegmentService({
      ...{ reader: s.reader, hub: new LiveHub({ clock: s.clock }), clock: s.clock },
      ...{ trackSetId: () => "", watch: () => () => {} },
    });
    const rule = { overUs: 250_000 };
    const walk = late.walk("cam");
    for (const [until, breaks] of [
      [5, 0],
      [6, 1],
      [15, 2],
      [25, 4],
      [16, 3],
    ] as const)
      assert.equal(await late.counts.count(walk, { since: 1, until, rule }), breaks, `${until}`);
  });

  test("a request for a part is held until the hub has its last frame", async () => {
    const s = await scene();
    s.store(s.fragments.slice(0, 3));
    s.service.edge("cam");
    const [, , , next] = s.fragments;
    assert.ok(next);
    let answered = false;
    const wait = s.service
      .reached("cam", { sequence: 4, part: 0, rendition: "v" })
      .then(() => (answered = true));
    await turns();
    s.live(next, 8);
    await turns();
    assert.equal(answered, false);
    s.live(next, 9);
    await wait;
    const { parts, text } = readPlaylist(await s.playlist());
    assert.deepEqual(parts, ["part 4.0 v"]);
    assert.match(text, /PRELOAD-HINT:TYPE=PART,URI="part 4\.1 v"/);
    const part = await s.service.part("cam", { sequence: 4, part: 0, rendition: "v" });
    assert.equal(part.pieces.length, 9);
  });

  test("a request is held no longer than its limit, and one too far ahead is refused", async () => {
    const s = await scene();
    s.store(s.fragments.slice(0, 3));
    s.service.edge("cam");
    const wait = s.service.reached("cam", { sequence: 4, part: undefined, rendition: "v" });
    await turns();
    s.clock.advance(LONGEST_WAIT_MS);
    await wait;
    const far = s.service.reached("cam", { sequence: 999, part: undefined, rendition: "v" });
    await assert.rejects(far, { code: "request.bad" });
  });

  test("whoever is told of a segment gets it, from the hub before the archive has it", async () => {
    const s = await scene();
    s.store(s.fragments.slice(0, 2));
    s.service.edge("cam");
    for (const fragment of s.fragments.slice(2, 6)) s.live(fragment);
    for (const rendition of ["v", "a"] as const) {
      const { segments } = readPlaylist(await s.playlist({ rendition }));
      assert.ok(segments.length >= 5);
      for (const { uri, gap } of segments) {
        const [, sequence = "", receivedMs = ""] = uri.split(" ");
        assert.ok(!gap, uri);
        const at = { sequence: Number(sequence), receivedMs: Number(receivedMs) };
        const seen: number[] = [];
        const may = (info: FragmentTimes) => seen.push(info.producedStartUs);
        const { pieces } = await s.service.segment("cam", at, { rendition, may });
        assert.ok(pieces.length > 0);
        assert.equal(seen.length, 1);
        const refused = s.service.segment("cam", at, { rendition, may: refuse });
        await assert.rejects(refused, /not yours/, "from the hub, too");
      }
    }
  });
});

const refuse = () => {
  throw new Error("not yours");
};

const turns = async () => {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};
