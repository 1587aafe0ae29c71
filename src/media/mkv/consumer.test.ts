import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { everySplit } from "../../../test/support/chunks.ts";
import {
  blockBody,
  cat,
  ebml,
  el,
  inCluster,
  info,
  simple,
  trackEntry,
  tracks,
  unknown,
} from "../../../test/support/mkv-build.ts";
import { Fault } from "../../base/errors.ts";
import type { Frame } from "../track.ts";
import { type ByteSource, FrameStream, fragments, frames, type MkvFragment } from "./consumer.ts";
import { infoElement, tagsElement } from "./writer.ts";

const START = cat(ebml(), unknown("18538067"), info(), tracks());

function cluster(ticks: number, ...blocks: readonly Uint8Array[]): Uint8Array {
  return cat(unknown("1f43b675"), inCluster(ticks, ...blocks));
}

const input = cat(
  START,
  cluster(1000, simple(1, 0, "01"), simple(2, 7, "02")),
  cluster(2000, simple(1, -5, "03")),
);

function plain(list: readonly Frame[]): unknown {
  return list.map((f) => [f.track, f.timeUs, f.key, ...f.payload.toBytes()]);
}

const WANT = [
  [1, 1_000_000, true, 1],
  [2, 1_007_000, true, 2],
  [1, 1_995_000, true, 3],
];

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of list) out.push(item);
  return out;
}

suite("frames", () => {
  test("come with their times from any kind of source, however it is split", async () => {
    async function* pieces(chunks: readonly Uint8Array[]) {
      yield* chunks;
    }
    for (const chunks of everySplit(input)) {
      assert.deepEqual(plain(await all(frames(chunks))), WANT);
      assert.deepEqual(plain(await all(frames(pieces(chunks)))), WANT);
    }
    assert.deepEqual(plain(await all(frames(new Blob([Buffer.from(input)]).stream()))), WANT);
  });

  test("come from a Web stream that cannot be iterated, as some browsers have it", async () => {
    const stream: ReadableStream<Uint8Array> = new Blob([Buffer.from(input)]).stream();
    const bare = { getReader: () => stream.getReader() } as ByteSource;
    assert.deepEqual(plain(await all(frames(bare))), WANT);
  });

  test("that are not wanted any more release the source", async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(input),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const frame of frames(stream)) {
      assert.equal(frame.track, 1);
      break;
    }
    assert.deepEqual([cancelled, stream.locked], [true, false]);
  });

  test("before a fault are given, then it is thrown", async () => {
    const seen: Frame[] = [];
    const run = async () => {
      for await (const frame of frames([input.slice(0, -1)])) seen.push(frame);
    };
    await assert.rejects(run, (error) => error instanceof Fault && error.code === "mkv.truncated");
    assert.deepEqual(plain(seen), WANT.slice(0, 2));
  });

  test("of a laced block follow each other by the track's duration, or share the block's", async () => {
    const entry = trackEntry(1, 2, el("23e383", "01312d00"));
    const laced = simple(1, 0, "02 aa bb cc", 0x84);
    const group = el("a0", cat(el("a1", blockBody(1, 100, 4, "01 dd ee")), el("9b", "1e")));
    const bytes = cat(
      ebml(),
      unknown("18538067"),
      info(),
      el("1654ae6b", entry),
      cluster(0, laced, group),
    );
    const read = await all(frames([bytes]));
    assert.deepEqual(
      read.map((f) => [f.timeUs, f.durationUs]),
      [
        [0, 20_000],
        [20_000, 20_000],
        [40_000, 20_000],
        [100_000, 15_000],
        [115_000, 15_000],
      ],
    );
  });

  test("have whole microseconds at any scale", async () => {
    const bytes = cat(
      ebml(),
      unknown("18538067"),
      info(22_675),
      tracks(),
      cluster(1000, simple(1, 3)),
    );
    assert.deepEqual(
      (await all(frames([bytes]))).map((f) => f.timeUs),
      [Math.round(1003 * 22.675)],
    );
  });

  test("know their track, their fragment, and the time of day when the Segment tells its origin", async () => {
    const originUs = 1_795_404_383_003_000;
    const dated = infoElement({ timestampScaleNs: 1_000_000, dateUtcNs: BigInt(originUs) * 1000n });
    const named = tagsElement([{ name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: "77" }]);
    const head = cat(ebml(), unknown("18538067"));
    const bytes = cat(
      ...[head, dated, tracks(), named, cluster(1000, simple(2, 5)), cluster(2000, simple(1, 0))],
      ...[head, tracks(), cluster(0, simple(1, 0))],
    );
    const read = await all(frames([bytes]));
    assert.deepEqual(
      read.map((f) => [f.utcUs, f.trackInfo.codecId, f.fragment.index, f.fragment.fragmentNumber]),
      [
        [originUs + 1_005_000, "A_TEST", 0, "77"],
        [originUs + 2_000_000, "V_TEST", 1, undefined],
        [undefined, "V_TEST", 2, undefined],
      ],
    );
    assert.equal(read[0]?.fragment.tags.size, 1);
  });

  test("have no time of day when that cannot be counted in whole microseconds", async () => {
    const far = cat(el("2ad7b1", "0f4240"), el("4461", "7fffffffffffffff"));
    const bytes = cat(
      ebml(),
      unknown("18538067"),
      el("1549a966", far),
      tracks(),
      cluster(0, simple(1, 0)),
    );
    assert.deepEqual(
      (await all(frames([bytes]))).map((f) => "utcUs" in f),
      [false],
    );
  });

  test("are refused when tags without end come before them", async () => {
    const tags = tagsElement([{ name: "n", value: "x".repeat(100_000) }]);
    const many = Array.from({ length: 11 }, () => tags);
    const tooMany = (error: unknown) =>
      error instanceof Fault && error.code === "mkv.too-many-elements";
    await assert.rejects(() => all(frames([START, ...many])), tooMany);
    await assert.rejects(() => all(fragments([START, ...many])), tooMany);
    assert.deepEqual(await all(frames([START, ...many.slice(1)])), []);
  });

  test("of a source that fails end with its error", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("connection lost")),
    });
    await assert.rejects(() => all(frames(broken)), /^Error: connection lost/);
  });

  test("come out of a TransformStream, with the fault as its error", async () => {
    const piped = (bytes: Uint8Array) =>
      (new Blob([Buffer.from(bytes)]).stream() as ReadableStream<Uint8Array>).pipeThrough(
        new FrameStream(),
      );
    assert.deepEqual(plain(await all(piped(input))), WANT);
    await assert.rejects(
      () => all(piped(input.slice(0, -1))),
      (error) => error instanceof Fault && error.code === "mkv.truncated",
    );
  });
});

suite("fragments", () => {
  const tag = (...pairs: readonly [string, string][]) =>
    tagsElement(
      pairs.map(([name, value]) => ({ name, value })),
      { sizeWidth: 4 },
    );
  const short = (list: readonly MkvFragment[]) =>
    list.map((f) => [f.frames.length, Object.fromEntries(f.tags)]);

  test("are Clusters with the tags that follow them", async () => {
    const bytes = cat(
      START,
      tag(["all", "0"]),
      cluster(0, simple(1, 0)),
      tag(["a", "1"]),
      cluster(9, simple(1, 0), simple(2, 0)),
      tag(["b", "2"]),
    );
    assert.deepEqual(short(await all(fragments([bytes]))), [
      [1, { all: "0", a: "1" }],
      [2, { b: "2" }],
    ]);
  });

  // A GetMedia answer: each fragment is a whole EBML document, its tags stand before the Cluster, and
  // those about the position in the stream come last.
  test("of a KVS answer carry its numbers and times", async () => {
    const one = (number: string, seconds: string) =>
      cat(
        START,
        tag(
          ["AWS_KINESISVIDEO_FRAGMENT_NUMBER", number],
          ["AWS_KINESISVIDEO_SERVER_TIMESTAMP", seconds],
          ["AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", seconds],
        ),
        cluster(0, simple(1, 0)),
        tag(
          ["AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", "38"],
          ["AWS_KINESISVIDEO_CONTINUATION_TOKEN", number],
        ),
      );
    const number = "91343852333181432392682062622220590765191907586";
    const bytes = cat(
      one(number, "1510867270.115"),
      one(`${number.slice(0, -1)}9`, "1510867272.5"),
    );
    const read = await all(fragments([bytes]));
    assert.equal(read.length, 2);
    const [first, second] = read;
    assert.deepEqual(
      [first?.fragmentNumber, first?.serverMs, first?.producerMs, first?.millisBehindNow],
      [number, 1_510_867_270_115, 1_510_867_270_115, 38],
    );
    assert.equal(first?.continuationToken, number);
    assert.equal(second?.serverMs, 1_510_867_272_500);
    assert.equal(second?.trackSet.tracks.length, 2);
  });

  test("in one Segment begin with the tag of their number", async () => {
    const numbered = (n: string) => tag(["AWS_KINESISVIDEO_FRAGMENT_NUMBER", n]);
    const bytes = cat(
      START,
      numbered("1"),
      cluster(0, simple(1, 0)),
      numbered("2"),
      cluster(9, simple(1, 0)),
    );
    const read = await all(fragments([bytes]));
    assert.deepEqual(
      read.map((f) => f.fragmentNumber),
      ["1", "2"],
    );
  });

  test("larger than the limit are refused before they are held", async () => {
    const block = simple(1, 0, new Uint8Array(1000));
    const bytes = cat(START, cluster(0, block, block, block));
    const run = (maxFragmentBytes: number) => all(fragments([bytes], { maxFragmentBytes }));
    assert.equal((await run(block.length * 3)).length, 1);
    await assert.rejects(
      () => run(block.length * 3 - 1),
      (error) => error instanceof Fault && error.code === "mkv.element-too-large",
    );
  });

  test("without any media are none", async () => {
    assert.deepEqual(await all(fragments([START])), []);
    assert.deepEqual(await all(fragments([])), []);
  });
});
