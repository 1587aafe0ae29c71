import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { everySplit } from "../../../test/support/chunks.ts";
import {
  ascii,
  blockBody,
  cat,
  ebml,
  el,
  inCluster,
  info,
  liveFile,
  simple,
  sizedFile,
  trackEntry,
  tracks,
  unknown,
} from "../../../test/support/mkv-build.ts";
import { blocksOf, drain, itemsOf } from "../../../test/support/mkv-drain.ts";
import { Fault } from "../../base/errors.ts";
import { MkvReader, type MkvReaderOptions } from "./reader.ts";

const SEGMENT = cat(ebml(), unknown("18538067"));

function kinds(input: Uint8Array): string {
  const { list, fault } = drain(new MkvReader(), [input]);
  return [...list.map((item) => item.kind), ...(fault === undefined ? [] : [fault])].join(" ");
}

function faultOf(input: Uint8Array, options: Partial<MkvReaderOptions> = {}): string | undefined {
  return drain(new MkvReader(options), [input]).fault?.replace(/@.*/, "");
}

function itemOf<K extends string>(input: Uint8Array, kind: K) {
  const found = drain(new MkvReader(), [input]).list.find((item) => item.kind === kind);
  assert.ok(found !== undefined, `no ${kind}`);
  return found as Extract<typeof found, { kind: K }>;
}

function tags(...pairs: readonly [string, string][]): Uint8Array {
  const simpleTags = pairs.map(([name, value]) =>
    el("67c8", cat(el("45a3", ascii(name)), el("4487", ascii(value)))),
  );
  return el("1254c367", el("7373", cat(el("63c0"), ...simpleTags)));
}

suite("MkvReader", () => {
  test("gives a stream's parts in order", () => {
    const input = liveFile(inCluster(5, simple(1, 0), simple(2, -3)), inCluster(90, simple(1, 0)));
    assert.equal(
      kinds(cat(input, tags(["a", "b"]))),
      "segment info tracks cluster block block cluster-end cluster block cluster-end tags",
    );
  });

  test("gives the same items however the bytes are split", () => {
    const group = el("a0", cat(el("a1", blockBody(1, 40, 0, "aabb")), el("9b", "28")));
    const laced = simple(2, 3, "01 aabb ccdd", 0x84);
    const clusters = [inCluster(5, simple(1, 0), laced), inCluster(90, group, simple(2, -1))];
    for (const file of [liveFile, sizedFile]) {
      const input = cat(file(...clusters), file === liveFile ? tags(["a", "b"]) : "");
      const whole = itemsOf([input]);
      assert.equal(whole.fault, undefined);
      for (const chunks of everySplit(input)) assert.deepEqual(itemsOf(chunks), whole);
    }
  });

  test("gives a block as soon as its last byte is there", () => {
    const reader = new MkvReader();
    const input = liveFile(inCluster(0, simple(1, 0)));
    reader.push(input.slice(0, -1));
    const before: string[] = [];
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) before.push(item.kind);
    assert.equal(before.at(-1), "cluster");
    reader.push(input.slice(-1));
    assert.equal(reader.pull()?.kind, "block");
  });

  test("keeps each block's element byte for byte, with its cluster's time", () => {
    const input = liveFile(inCluster(500, simple(1, -7, "010203")));
    const item = itemOf(input, "block");
    assert.equal(item.clusterTicks, 500);
    const { element, at, timeOffset } = item.block;
    assert.deepEqual(element.toBytes(), simple(1, -7, "010203"));
    assert.deepEqual(element.toBytes(), input.slice(at, at + element.length));
    assert.deepEqual([...element.slice(timeOffset, timeOffset + 2).toBytes()], [0xff, 0xf9]);
  });

  test("passes over what it does not need, wherever it stands", () => {
    const [nothing, odd] = [el("ec", "0000"), el("4f4f", "01")];
    const seek = el("114d9b74", el("4dbb", cat(el("53ab", "1549a966"), el("53ac", "00"))));
    const cluster = el(
      "1f43b675",
      cat(nothing, inCluster(0, odd, el("a7", "00"), simple(1, 0), odd)),
    );
    const files = el("1941a469", el("61a7", el("465c", new Uint8Array(300))));
    const cues = el("1c53bb6b", new Uint8Array(200).fill(0xec));
    const input = cat(SEGMENT, seek, nothing, info(), odd, tracks(), files, cluster, cues, nothing);
    assert.equal(kinds(input), "segment info tracks cluster block cluster-end");
  });

  test("starts anew at every Segment: tracks and scale of the one before are void", () => {
    const first = cat(ebml("webm"), unknown("18538067"), info(1000), tracks());
    const input = cat(first, el("1f43b675", inCluster(0)), ebml(), unknown("18538067"));
    const { list, fault } = drain(new MkvReader(), [cat(input, tracks())]);
    const types = list.flatMap((i) => (i.kind === "segment" ? [i.docType] : []));
    assert.deepEqual([types, fault], [["webm", "matroska"], undefined]);
    const scales = list.flatMap((i) => (i.kind === "tracks" ? [i.trackSet.timestampScaleNs] : []));
    assert.deepEqual(scales, [1000, 1_000_000]);
    assert.equal(faultOf(cat(input, el("1f43b675", inCluster(0)))), "mkv.no-tracks");
  });

  test("gives the track set again when a later Info says another scale", () => {
    const { list } = drain(new MkvReader(), [cat(SEGMENT, tracks(), info(1_000_000), info(200))]);
    const told = list.map((i) => (i.kind === "tracks" ? i.trackSet.timestampScaleNs : i.kind));
    assert.deepEqual(told, ["segment", 1_000_000, "info", "info", 200]);
  });

  test("does not tell of a Cluster that has no Timestamp", () => {
    assert.equal(kinds(cat(SEGMENT, tracks(), el("1f43b675", el("ec")))), "segment tracks");
  });

  test("keeps the Tracks element for others, as it came and not as a part of a larger array", () => {
    const { trackSet } = itemOf(liveFile(), "tracks");
    assert.deepEqual(trackSet.tracksElement, tracks());
    assert.equal(trackSet.tracksElement.buffer.byteLength, tracks().length);
  });
});

suite("Info", () => {
  const given = (...content: readonly Uint8Array[]) =>
    itemOf(cat(SEGMENT, el("1549a966", cat(...content))), "info");

  test("is read with all its values", () => {
    const read = given(
      el("2ad7b1", "0186a0"),
      el("4489", "40c3880000000000"),
      el("4461", "0000000000000001"),
      el("7ba9", ascii("a title")),
      el("4d80", ascii("muxer")),
    );
    assert.deepEqual(
      [read.timestampScaleNs, read.durationTicks, read.title, read.muxingApp],
      [100_000, 10_000, "a title", "muxer"],
    );
    assert.equal(read.dateUtcNs, 978_307_200_000_000_001n);
  });

  test("has a millisecond per tick when it does not say, or says nothing", () => {
    assert.equal(given().timestampScaleNs, 1_000_000);
    assert.equal(given(el("2ad7b1")).timestampScaleNs, 1_000_000);
    assert.deepEqual([given().dateUtcNs, given().title], [undefined, undefined]);
  });

  test("may have any scale from 1 ns, and not 0", () => {
    for (const scale of [1, 333, 22_675, 1_000_000, 1_000_000_000])
      assert.equal(itemOf(cat(SEGMENT, info(scale)), "info").timestampScaleNs, scale);
    assert.equal(faultOf(cat(SEGMENT, info(0))), "mkv.bad-value");
  });

  test("has no duration when that is 0, negative or not a number", () => {
    for (const bytes of ["", "00000000", "bf800000", "7fc00000", "7ff0000000000000"])
      assert.equal(given(el("4489", bytes)).durationTicks, undefined, bytes);
  });
});

suite("Tags", () => {
  test("are name and value pairs; binary, nested and nameless ones are left out", () => {
    const nested = el("67c8", cat(el("45a3", ascii("in")), el("4487", ascii("side"))));
    const list = el(
      "7373",
      cat(
        el("67c8", cat(el("45a3", ascii("A")), el("4487", ascii("1")), nested)),
        el("67c8", cat(el("45a3", ascii("B")), el("4485", "0102"))),
        el("67c8", el("4487", ascii("no name"))),
        el("67c8", cat(el("45a3", ascii("C")), el("4487"))),
      ),
    );
    const { tags: read } = itemOf(cat(SEGMENT, el("1254c367", cat(list, el("ec")))), "tags");
    assert.deepEqual(read, [
      { name: "A", value: "1" },
      { name: "C", value: "" },
    ]);
  });

  test("may not be more than the limit", () => {
    const many = tags(...Array.from({ length: 6 }, (_, i): [string, string] => [`n${i}`, "v"]));
    assert.equal(faultOf(cat(SEGMENT, many), { maxTags: 5 }), "mkv.too-many-elements");
    assert.equal(faultOf(cat(SEGMENT, many), { maxTags: 6 }), undefined);
  });
});

suite("MkvReader refuses", () => {
  const cluster = (...content: readonly Uint8Array[]) =>
    cat(SEGMENT, tracks(), el("1f43b675", cat(...content)));
  const scaled = (scale: number, ticks: string) =>
    cat(SEGMENT, info(scale), tracks(), el("1f43b675", el("e7", ticks)));

  test("what is neither Matroska nor WebM", () => {
    assert.equal(faultOf(cat(ebml("matroskb"), unknown("18538067"))), "mkv.not-matroska");
    assert.equal(faultOf(cat(el("1a45dfa3"), unknown("18538067"))), undefined);
  });

  test("media before its tracks, blocks before their time, and blocks of no track", () => {
    assert.equal(faultOf(cat(SEGMENT, el("1f43b675", inCluster(0)))), "mkv.no-tracks");
    assert.equal(faultOf(cluster(simple(1, 0), el("e7", "00"))), "mkv.bad-block");
    assert.equal(faultOf(cluster(inCluster(0, simple(3, 0)))), "mkv.unknown-track");
  });

  test("a Cluster with two times", () => {
    assert.equal(faultOf(cluster(inCluster(0), inCluster(1))), "mkv.bad-value");
  });

  test("times that cannot be counted in whole microseconds", () => {
    assert.equal(faultOf(scaled(1_000_000, "07ff00000000")), undefined);
    assert.equal(faultOf(scaled(1_000_000, "1fffffffffffff")), "mkv.bad-value");
    assert.equal(faultOf(scaled(2 ** 52, "00")), "mkv.bad-value");
    assert.equal(faultOf(scaled(1, "1fffffffffffff")), undefined);
    assert.equal(faultOf(scaled(1, "2000000000000000")), "mkv.bad-value");
    const long = el("a0", cat(el("a1", blockBody(1, 0, 0, "aa")), el("9b", "ffffffff")));
    assert.equal(faultOf(cluster(inCluster(0, long))), "mkv.bad-value");
  });

  test("a lacing that does not add up, while its bytes are being parsed", () => {
    assert.equal(faultOf(cluster(inCluster(0, simple(1, 0, "05", 0x82)))), "mkv.bad-lacing");
  });

  test("and stays failed: the same fault again, nothing parsed, nothing held", () => {
    const reader = new MkvReader();
    reader.push(cat(cluster(inCluster(0, simple(3, 0), simple(1, 0))), new Uint8Array(5000)));
    const seen = new Set<unknown>();
    for (let i = 0; i < 20; i++) {
      try {
        reader.pull();
      } catch (error) {
        seen.add(error);
      }
    }
    assert.deepEqual(
      [...seen].map((e) => (e instanceof Fault ? e.code : e)),
      ["mkv.unknown-track"],
    );
    reader.push(new Uint8Array(5000));
    assert.equal(reader.heldBytes, 0);
  });
});

suite("block times", () => {
  test("may be negative in a Cluster, to the last of 16 bits", () => {
    const { list } = blocksOf(liveFile(inCluster(0xffff, simple(1, -0x8000), simple(1, 0x7fff))));
    assert.deepEqual(
      list.map((b) => b.relativeTicks),
      [-0x8000, 0x7fff],
    );
  });

  test("of a track are told with its own number", () => {
    const entries = el("1654ae6b", cat(trackEntry(7, 1), trackEntry(3, 2)));
    const input = cat(SEGMENT, entries, el("1f43b675", inCluster(0, simple(3, 0), simple(7, 1))));
    assert.deepEqual(
      blocksOf(input).list.map((b) => b.track),
      [3, 7],
    );
  });
});
