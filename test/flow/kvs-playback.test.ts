/** Playback sessions of KVS by the AWS SDK: the URL, what it leads to, and ffmpeg as the player. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  GetClipCommand,
  GetDASHStreamingSessionURLCommand,
  type GetDASHStreamingSessionURLCommandInput,
  GetHLSStreamingSessionURLCommand,
  type GetHLSStreamingSessionURLCommandInput,
  type KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { clientsOf, type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { payloadHashes } from "../support/mp4-media.ts";
import { run } from "../support/run.ts";
import { putFile, signedPut } from "../support/signed-put.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const dir = tempDir("kvs-playback");
const hashOf = (line: string) => line.slice(line.indexOf("SHA256="));
const at = (seconds: number) => new Date(START_MS + seconds * 1000);

/** Bytes of each segment a manifest lists, once loaded, in order. */
async function loaded(manifest: string, url: string): Promise<number[]> {
  const lengths: number[] = [];
  for (const [, set = ""] of manifest.matchAll(/<AdaptationSet([\s\S]*?)<\/AdaptationSet>/g)) {
    const [, media = ""] = /media="([^"]+)"/.exec(set) ?? [];
    let time = 0;
    for (const [, t, d = "0", r = "0"] of set.matchAll(
      /<S (?:t="(\d+)" )?d="(\d+)"(?: r="(\d+)")?/g,
    )) {
      time = t === undefined ? time : Number(t);
      for (let i = 0; i <= Number(r); i++, time += Number(d)) {
        const uri = media.replace("$Time$", String(time)).replaceAll("&amp;", "&");
        const answer = await fetch(new URL(uri, url));
        assert.equal(answer.status, 200, uri);
        lengths.push((await answer.arrayBuffer()).byteLength);
      }
    }
  }
  return lengths;
}

suite("KVS playback sessions", needs("ffmpeg"), () => {
  let scene: GuardedServer;
  let client: KinesisVideoArchivedMediaClient;

  const put = async (stream: string, file: string, startMs = START_MS) => {
    const credentials = scene.root;
    const acks = await putFile({ url: scene.url, stream, startMs, credentials }, file);
    assert.equal(acks.at(-1)?.EventType, "PERSISTED");
  };
  const hls = async (input: Partial<GetHLSStreamingSessionURLCommandInput>) => {
    const answer = await client.send(
      new GetHLSStreamingSessionURLCommand({ StreamName: "cam", ...input }),
    );
    return answer.HLSStreamingSessionURL ?? "";
  };
  const dash = async (input: Partial<GetDASHStreamingSessionURLCommandInput>) => {
    const answer = await client.send(
      new GetDASHStreamingSessionURLCommand({ StreamName: "cam", ...input }),
    );
    return answer.DASHStreamingSessionURL ?? "";
  };
  const all = { StartTimestamp: at(0), EndTimestamp: at(60) };
  const producer = (TimestampRange: { StartTimestamp?: Date; EndTimestamp?: Date }) => ({
    FragmentSelectorType: "PRODUCER_TIMESTAMP" as const,
    TimestampRange,
  });
  const refused = (name: string) => (error: Error) => error.name === name;
  /** The media playlist of a track, and its address. */
  const playlist = async (url: string, track: number) => {
    const master = await (await fetch(url)).text();
    const relative = new RegExp(`getHLSMediaPlaylist[^"\\n]*TrackNumber=${track}`).exec(
      master,
    )?.[0];
    assert.ok(relative, master);
    const address = new URL(relative, url);
    return { address, text: await (await fetch(address)).text() };
  };
  /** What a player gets out of it, by payload. */
  const played = async (url: string, ...tracks: readonly string[]) => {
    const path = join(dir.path, "played.mkv");
    const map = (tracks.length > 0 ? tracks : ["0:v?", "0:a?"]).flatMap((one) => ["-map", one]);
    await run("ffmpeg", ["-v", "error", "-y", "-i", url, ...map, "-c", "copy", path]);
    return payloadHashes(path);
  };

  before(async () => {
    scene = await guardedServer();
    client = scene.clients.archived;
    const { archive } = scene.server.parts;
    for (const name of ["cam", "sound", "pcm"]) await archive.create({ name, retentionHours: 24 });
    await put("cam", await makeMedia("h264-aac"));
    await put("sound", await makeMedia("audio-only"));
    await put("pcm", await makeMedia("pcm"));
    await archive.create({ name: "live", retentionHours: 0 });
  });
  after(async () => {
    await scene[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  });

  test("ON_DEMAND plays everything that was archived, by HLS and by DASH", async () => {
    const file = await payloadHashes(await makeMedia("h264-aac"));
    const url = await hls({ PlaybackMode: "ON_DEMAND", HLSFragmentSelector: producer(all) });
    assert.ok(url.startsWith(`${scene.url}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=`), url);
    assert.deepEqual(await played(url), file);
    const mpd = await dash({ PlaybackMode: "ON_DEMAND", DASHFragmentSelector: producer(all) });
    assert.ok(mpd.startsWith(`${scene.url}/dash/v1/getDASHManifest.mpd?SessionToken=`), mpd);
    // ffmpeg's reader of DASH ends with its shortest track: each is played alone.
    const tracks = [...(await played(mpd, "0:v")), ...(await played(mpd, "0:a"))];
    assert.deepEqual(tracks.map(hashOf), file.map(hashOf));
  });

  test("sound alone is track 1", async () => {
    const url = await hls({
      ...{ StreamName: "sound", PlaybackMode: "ON_DEMAND" },
      HLSFragmentSelector: producer(all),
    });
    assert.match((await playlist(url, 1)).text, /TrackNumber=1/);
    assert.deepEqual(await played(url), await payloadHashes(await makeMedia("audio-only")));
  });

  test("a playlist says what was asked for", async () => {
    const on = { PlaybackMode: "ON_DEMAND", HLSFragmentSelector: producer(all) } as const;
    const plain = (await playlist(await hls(on), 1)).text;
    assert.match(plain, /#EXT-X-PLAYLIST-TYPE:VOD\n/);
    assert.match(plain, /#EXT-X-ENDLIST\n$/);
    assert.doesNotMatch(plain, /DISCONTINUITY|PROGRAM-DATE-TIME/);
    assert.equal(plain.match(/#EXTINF/g)?.length, 3);
    const marked = await hls({
      ...{ ...on, DiscontinuityMode: "ALWAYS", DisplayFragmentTimestamp: "ALWAYS" },
      MaxMediaPlaylistFragmentResults: 2,
    });
    const { text } = await playlist(marked, 1);
    assert.equal(text.match(/#EXT-X-DISCONTINUITY\n/g)?.length, 1);
    assert.match(text, new RegExp(`PROGRAM-DATE-TIME:${at(0).toISOString()}`));
    // The sound of the second fragment begins before its picture.
    assert.match(text, new RegExp(`PROGRAM-DATE-TIME:${at(1.92).toISOString()}`));
    assert.equal(text.match(/#EXTINF/g)?.length, 2);
    const mpd = await dash({
      ...{ PlaybackMode: "ON_DEMAND", DASHFragmentSelector: producer(all) },
      ...{ DisplayFragmentTimestamp: "ALWAYS", DisplayFragmentNumber: "ALWAYS" },
    });
    const manifest = await (await fetch(mpd)).text();
    // Three fragments with pictures and with sound.
    assert.equal(manifest.match(/kvs:fn="\d{47}"/g)?.length, 6);
    assert.equal(manifest.match(/kvs:ts="1790000\d{3}\.\d{3}"/g)?.length, 6);
  });

  test("LIVE goes on with what arrives, and ends at the session's 30 seconds without media", async () => {
    await scene.server.parts.archive.create({ name: "now", retentionHours: 24 });
    await put("now", await makeMedia("h264-aac"));
    const url = await hls({ StreamName: "now", PlaybackMode: "LIVE" });
    const before = await playlist(url, 1);
    assert.doesNotMatch(before.text, /ENDLIST|PLAYLIST-TYPE/);
    const [, first] = /MEDIA-SEQUENCE:(\d+)/.exec(before.text) ?? [];
    assert.equal(first, "1");
    assert.match(before.text, /#EXT-X-DISCONTINUITY-SEQUENCE:0\n/);
    await put("now", await makeMedia("h264-aac"), START_MS + 100_000);
    const text = await (await fetch(before.address)).text();
    assert.match(text, /MEDIA-SEQUENCE:2\n/);
    assert.match(text, /#EXT-X-DISCONTINUITY-SEQUENCE:1\n/);
    assert.equal(text.match(/#EXTINF/g)?.length, 5);
    for (const line of before.text
      .split("\n")
      .filter((l) => l.includes("FragmentNumber"))
      .slice(1))
      assert.ok(text.includes(line), "what was listed stays as it was");
  });

  test("LIVE_REPLAY begins in the past, and goes on as it plays", async () => {
    await scene.server.parts.archive.create({ name: "short", retentionHours: 24 });
    await put("short", await makeMedia("short-groups"));
    const url = await hls({
      ...{ StreamName: "short", PlaybackMode: "LIVE_REPLAY", MaxMediaPlaylistFragmentResults: 3 },
      HLSFragmentSelector: producer({ StartTimestamp: at(0) }),
    });
    const { text, address } = await playlist(url, 1);
    assert.doesNotMatch(text, /ENDLIST|PLAYLIST-TYPE/);
    const uris = (list: string) => list.split("\n").filter((line) => line.includes("FragmentNum"));
    assert.equal(uris(text).length, 3);
    // A fragment lasts 0.4 s.
    for (let now = text; ; now = await (await fetch(address)).text()) {
      const [, sequence = ""] = /MEDIA-SEQUENCE:(\d+)/.exec(now) ?? [];
      if (Number(sequence) < 2) continue;
      assert.equal(uris(now).length, 3);
      const still = uris(text).filter((line) => now.includes(line));
      assert.deepEqual(still, uris(text).slice(Number(sequence)));
      break;
    }
    const mpd = await dash({
      ...{ StreamName: "short", PlaybackMode: "LIVE_REPLAY", MaxManifestFragmentResults: 3 },
      DASHFragmentSelector: producer({ StartTimestamp: at(0) }),
    });
    assert.match(await (await fetch(mpd)).text(), /type="dynamic"/);
  });

  test("live DASH: the session's and the native one have the same media, and it loads", async () => {
    await scene.server.parts.archive.create({ name: "dash", retentionHours: 24 });
    const credentials = scene.root;
    const call = await signedPut({
      ...{ url: scene.url, stream: "dash", startMs: Date.now(), credentials },
    });
    await call.write(readFileSync(await makeMedia("h264-aac")));
    await call.until((acks) => acks.filter((one) => one.EventType === "PERSISTED").length === 3);
    const session = await dash({ StreamName: "dash", PlaybackMode: "LIVE" });
    const token = await scene.session();
    const native = `${scene.url}/v1/streams/dash/dash/manifest.mpd?token=${token}`;
    const lengths: number[][] = [];
    for (const url of [session, native]) {
      const manifest = await (await fetch(url)).text();
      assert.match(manifest, /<MPD [^>]*type="dynamic"[^>]*availabilityStartTime=/);
      lengths.push(await loaded(manifest, url));
    }
    const [ofSession = [], ofNative = []] = lengths;
    assert.equal(ofSession.length, 6, "three of pictures, three of sound");
    // The newest may still be told in parts there.
    assert.ok(ofNative.length >= 4 && ofNative.every((one) => ofSession.includes(one)));
    call.end();
    await call.acks;
  });

  test("G.711 is left out of HLS and DASH, which say so, and is in the clip", async () => {
    await scene.server.parts.archive.create({ name: "g711", retentionHours: 24 });
    await put("g711", await makeMedia("h264-g711"));
    const on = { StreamName: "g711", PlaybackMode: "ON_DEMAND" as const };
    const url = await hls({ ...on, HLSFragmentSelector: producer(all) });
    assert.match(await (await fetch(url)).text(), /^## .*A_MS\/ACM/m);
    assert.match((await playlist(url, 1)).text, /^## .*A_MS\/ACM/m);
    const mpd = await dash({ ...on, DASHFragmentSelector: producer(all) });
    assert.doesNotMatch(await (await fetch(mpd)).text(), /contentType="audio"/);
    const clip = await client.send(
      new GetClipCommand({
        StreamName: "g711",
        ClipFragmentSelector: { ...producer(all), TimestampRange: all },
      }),
    );
    const path = join(dir.path, "g711.mp4");
    const parts: Uint8Array[] = [];
    for await (const part of clip.Payload as unknown as AsyncIterable<Uint8Array>) parts.push(part);
    writeFileSync(path, Buffer.concat(parts));
    const file = await payloadHashes(await makeMedia("h264-g711"));
    assert.deepEqual((await payloadHashes(path)).map(hashOf), file.map(hashOf));
    const info = await fetch(`${scene.url}/v1/streams/g711`, {
      headers: { authorization: `Bearer ${scene.token}` },
    });
    const { tracks } = (await info.json()) as { tracks: { codec: string; hls?: boolean }[] };
    assert.deepEqual(
      tracks.map(({ codec, hls: carried }) => [codec, carried]),
      [
        ["V_MPEG4/ISO/AVC", true],
        ["A_MS/ACM", false],
      ],
    );
    // Sound alone of that kind: no session.
    await assert.rejects(
      hls({ ...on, StreamName: "pcm", HLSFragmentSelector: producer(all) }),
      refused("UnsupportedStreamMediaTypeException"),
    );
  });

  test("a session ends with the key it was asked for with", async () => {
    const key = await scene.key({
      ...{ actions: ["read"], streams: "cam", expiresMs: Date.now() + 1500 },
    });
    const { archived } = clientsOf(scene.url, key);
    const { HLSStreamingSessionURL: url = "" } = await archived.send(
      new GetHLSStreamingSessionURLCommand({
        ...{ StreamName: "cam", PlaybackMode: "ON_DEMAND" },
        HLSFragmentSelector: producer(all),
      }),
    );
    const { address } = await playlist(url, 1);
    for (;;) {
      const [master, media] = [await fetch(url), await fetch(address)];
      await Promise.all([master.text(), media.text()]);
      if (master.status === 200) continue;
      assert.deepEqual([master.status, media.status], [403, 403]);
      assert.equal(media.headers.get("x-amzn-errortype"), "NotAuthorizedException");
      break;
    }
    archived.destroy();
  });

  test("refuses what KVS refuses", async () => {
    const bad = refused("InvalidArgumentException");
    await assert.rejects(hls({ PlaybackMode: "LIVE", HLSFragmentSelector: producer(all) }), bad);
    const on = (range: { StartTimestamp?: Date; EndTimestamp?: Date }) =>
      hls({ PlaybackMode: "ON_DEMAND", HLSFragmentSelector: producer(range) });
    await assert.rejects(on({ StartTimestamp: at(0) }), bad);
    await assert.rejects(on({ StartTimestamp: at(5), EndTimestamp: at(5) }), bad);
    await assert.rejects(on({ StartTimestamp: at(0), EndTimestamp: at(86_401) }), bad);
    await assert.rejects(hls({ PlaybackMode: "LIVE_REPLAY" }), bad);
    await assert.rejects(hls({ ContainerFormat: "MPEG_TS" }), bad);
    const none = refused("ResourceNotFoundException");
    await assert.rejects(on({ StartTimestamp: at(5000), EndTimestamp: at(6000) }), none);
    await assert.rejects(hls({ StreamName: "missing" }), none);
    await assert.rejects(hls({ StreamName: "live" }), refused("NoDataRetentionException"));
    const pcm = {
      ...{ StreamName: "pcm", PlaybackMode: "ON_DEMAND" as const },
      HLSFragmentSelector: producer(all),
    };
    await assert.rejects(hls(pcm), refused("UnsupportedStreamMediaTypeException"));
  });

  test("the token opens this session and no more", async () => {
    const two = { StartTimestamp: at(0), EndTimestamp: at(1) };
    const url = await hls({ PlaybackMode: "ON_DEMAND", HLSFragmentSelector: producer(two) });
    const { text, address } = await playlist(url, 1);
    assert.equal(text.match(/#EXTINF/g)?.length, 1);
    const wide = await playlist(
      await hls({ PlaybackMode: "ON_DEMAND", HLSFragmentSelector: producer(all) }),
      1,
    );
    const numbers = [...wide.text.matchAll(/FragmentNumber=(\d+)/g)].map(([, number]) => number);
    const get = async (change: (url: URL) => void) => {
      const own = /getMP4MediaFragment\S+/.exec(text)?.[0] ?? "";
      const target = new URL(own, address);
      change(target);
      return fetch(target);
    };
    const own = await get(() => {});
    assert.equal(own.status, 200);
    assert.equal(own.headers.get("access-control-allow-origin"), "*");
    const later = await get((to) => to.searchParams.set("FragmentNumber", numbers[2] ?? ""));
    assert.equal(later.status, 404);
    assert.equal(later.headers.get("x-amzn-errortype"), "ResourceNotFoundException");
    for (const token of [undefined, "nonsense", `${address.searchParams.get("SessionToken")}x`]) {
      const answer = await get((to) => {
        to.searchParams.delete("SessionToken");
        if (token !== undefined) to.searchParams.set("SessionToken", token);
      });
      assert.equal(answer.status, 403);
      assert.equal(answer.headers.get("x-amzn-errortype"), "NotAuthorizedException");
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    }
  });
});
