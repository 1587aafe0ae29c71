import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ascii, cat, el, type Part, trackEntry } from "../../../test/support/mkv-build.ts";
import { Fault } from "../../base/errors.ts";
import type { Track } from "../track.ts";
import { readTracks } from "./tracks.ts";
import { tracksElement } from "./writer.ts";

function trackOf(...more: readonly Part[]): Track {
  const [track] = readTracks(trackEntry(1, 1, ...more), 0, 64);
  assert.ok(track !== undefined);
  return track;
}

function code(payload: Uint8Array, max = 64): string {
  try {
    readTracks(payload, 50, max);
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return `${error.code}@${error.at}`;
  }
  return "none";
}

suite("TrackEntry", () => {
  test("is read with all that we keep", () => {
    const track = trackOf(
      el("63a2", "0164001f"),
      el("536e", ascii("front door")),
      el("22b59c", ascii("deu")),
      el("23e383", "02625a00"),
      el("56aa", "63 2ea0"),
      el("56bb", "04c4b400"),
      el("e0", cat(el("b0", "0780"), el("ba", "0438"), el("54b0", "0500"), el("54ba", "02d0"))),
    );
    assert.deepEqual(track, {
      ...{ number: 1, type: "video", codecId: "V_TEST", encoding: "plain" },
      codecPrivate: Uint8Array.of(1, 0x64, 0, 0x1f),
      ...{ name: "front door", language: "deu" },
      ...{ defaultDurationNs: 40_000_000, codecDelayNs: 6_500_000, seekPreRollNs: 80_000_000 },
      video: { width: 1920, height: 1080, displayWidth: 1280, displayHeight: 720 },
    });
  });

  test("has a type by its number", () => {
    const types = [1, 2, 17, 33, 99].map((type) => readTracks(trackEntry(1, type), 0, 1)[0]?.type);
    assert.deepEqual(types, ["video", "audio", "subtitle", "other", "other"]);
  });

  test("has sound settings, with defaults where nothing sensible is said", () => {
    const audio = (...content: readonly Part[]) => trackOf(el("e1", cat(...content))).audio;
    assert.deepEqual(audio(), { sampleRate: 8000, channels: 1 });
    assert.deepEqual(
      audio(el("b5", "473b8000"), el("78b5", "47bb8000"), el("9f", "02"), el("6264", "10")),
      { sampleRate: 48_000, outputSampleRate: 96_000, channels: 2, bitDepth: 16 },
    );
    for (const rate of ["00000000", "c73b8000", "7fc00000", "7f800000", ""])
      assert.deepEqual(
        audio(el("b5", rate), el("9f", "00")),
        { sampleRate: 8000, channels: 1 },
        rate,
      );
  });

  test("has no display size when that is not in pixels", () => {
    const video = el("e0", cat(el("b0", "10"), el("ba", "09"), el("54b2", "03"), el("54b0", "10")));
    assert.deepEqual(trackOf(video).video, { width: 16, height: 9 });
  });
});

suite("ContentEncodings", () => {
  const encoding = (...content: readonly Part[]) => el("6240", cat(...content));
  const compression = (algo: string, settings: Part = []) =>
    el("5034", cat(el("4254", algo), el("4255", settings)));
  const of = (...list: readonly Uint8Array[]) => {
    const { encoding: kind, strippedHeader } = trackOf(el("6d80", cat(...list)));
    return strippedHeader === undefined ? kind : `${kind} ${strippedHeader.join()}`;
  };

  test("that strip headers are known, with the header", () => {
    assert.equal(of(encoding(compression("03", "0102"))), "header-stripping 1,2");
    assert.equal(of(encoding(el("5032", "01"), compression("03", "07"))), "header-stripping 7");
    assert.equal(of(encoding(el("5034", el("4254", "03")))), "header-stripping ");
  });

  test("that do not touch the frames are nothing", () => {
    assert.equal(of(encoding(el("5032", "04"), compression("00"))), "plain");
    assert.equal(of(), "plain");
  });

  test("of any other kind are not supported: zlib, encryption, several, CodecPrivate, long headers", () => {
    const stripped = encoding(compression("03", "01"));
    assert.equal(of(encoding(compression("00"))), "unsupported");
    assert.equal(of(encoding(el("5034"))), "unsupported");
    assert.equal(of(encoding(el("5033", "01"), el("5035"))), "unsupported");
    assert.equal(of(stripped, stripped), "unsupported");
    assert.equal(of(encoding(el("5032", "03"), compression("03", "01"))), "unsupported");
    assert.equal(of(encoding(compression("03", new Uint8Array(257)))), "unsupported");
  });
});

suite("Tracks", () => {
  test("must have one, and not more than the limit, each with its own number", () => {
    assert.equal(code(new Uint8Array(0)), "mkv.no-tracks@50");
    assert.equal(code(el("ec", "00")), "mkv.no-tracks@50");
    const two = cat(trackEntry(1, 1), trackEntry(2, 1));
    assert.equal(code(two, 2), "none");
    const second = 50 + trackEntry(1, 1).length;
    assert.equal(code(two, 1), `mkv.too-many-tracks@${second}`);
    assert.equal(code(cat(trackEntry(1, 1), trackEntry(1, 2))), `mkv.bad-value@${second}`);
  });

  test("refuse numbers, durations and elements that are none", () => {
    assert.equal(code(trackEntry(0, 1)), "mkv.bad-value@50");
    assert.equal(code(el("ae")), "mkv.bad-value@50");
    assert.match(code(trackEntry(1, 1, el("23e383", "ffffffffffff"))), /^mkv\.bad-value@/);
    assert.match(code(trackEntry(1, 1, "8640")), /^mkv\.bad-size@/);
  });

  test("that we write are read back as they were", () => {
    const tracks: Track[] = [
      {
        ...{ number: 1, type: "video", codecId: "V_MPEG4/ISO/AVC", encoding: "plain" },
        ...{ codecPrivate: Uint8Array.of(1, 2, 3), name: "Tür", language: "deu" },
        ...{ defaultDurationNs: 33_366_667 },
        video: { width: 1920, height: 1080, displayWidth: 640, displayHeight: 360 },
      },
      {
        ...{ number: 200, type: "audio", codecId: "A_OPUS", encoding: "plain", language: "und" },
        ...{ codecDelayNs: 6_500_000, seekPreRollNs: 80_000_000 },
        audio: { sampleRate: 48_000, channels: 2, bitDepth: 16, outputSampleRate: 44_100 },
      },
      { number: 3, type: "subtitle", codecId: "S_TEXT/UTF8", encoding: "plain", language: "eng" },
    ];
    const bytes = tracksElement(tracks);
    // Id of 4 bytes, size of 2.
    const payload = bytes.subarray(6);
    assert.deepEqual(readTracks(payload, 0, 64), tracks);
  });
});
