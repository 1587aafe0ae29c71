import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { layoutOf } from "../../../test/support/ebml-layout.ts";
import { oracleBlocks, oracleElements } from "../../../test/support/ebml-oracle.ts";
import {
  cat,
  ebml,
  el,
  inCluster,
  info,
  liveFile,
  simple,
  sizedFile,
  trackEntry,
  unknown,
} from "../../../test/support/mkv-build.ts";
import { copy, layout, type MergeOptions, merge } from "./visit.ts";

const tag = (value: string) => {
  const simpleTag = el("67c8", cat(el("45a3", Buffer.from("N")), el("4487", Buffer.from(value))));
  return el("1254c367", el("7373", simpleTag));
};
/** As GetMedia gives a fragment: a document with tags before and behind its Cluster. */
const document = (ticks: number, body: string, track = trackEntry(1, 1)) =>
  cat(
    ...[ebml(), unknown("18538067"), info(), el("1654ae6b", track), tag(`before ${ticks}`)],
    ...[el("1f43b675", inCluster(ticks, simple(1, 0, body))), tag(`behind ${ticks}`)],
  );

async function all(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const list: Uint8Array[] = [];
  for await (const part of parts) list.push(part);
  return Buffer.concat(list);
}

const merged = (file: Uint8Array, options?: MergeOptions) => all(merge([file], options));
const count = (file: Buffer, name: string) =>
  oracleElements(file).filter((one) => one === name).length;
const bodies = (file: Buffer) => oracleBlocks(file).map(({ payload }) => payload.toString("hex"));

suite("over elements of Matroska", () => {
  test("where each is and how large, as an independent decoder has it, in chunks of any size", async () => {
    const names: Record<string, string> = {
      Timestamp: "Timecode",
      TimestampScale: "TimecodeScale",
    };
    for (const file of [
      sizedFile(inCluster(0, simple(1, 0)), inCluster(1000, simple(2, 5))),
      liveFile(inCluster(0, simple(1, 0)), inCluster(300, simple(2, 5))),
    ]) {
      const bytewise = Array.from(file, (_, i) => file.subarray(i, i + 1));
      for (const chunks of [[file], bytewise]) {
        const found: (readonly unknown[])[] = [];
        for await (const { name, at, size } of layout(chunks))
          found.push([names[name] ?? name, at, size]);
        const right = layoutOf(file).map(({ name, start, end, sizeWidth }) => {
          const id = name === "Segment" || name === "Cluster" ? 4 : undefined;
          return [name, start, id === undefined || end !== undefined ? end : undefined, sizeWidth];
        });
        assert.deepEqual(
          found.map(([name, at]) => [name, at]),
          right.map(([name, at]) => [name, at]),
        );
        for (const [i, [, at, size]] of found.entries()) {
          const end = right[i]?.[2];
          if (typeof end === "number" && typeof size === "number")
            assert.ok(end - Number(at) - size >= 2 && end - Number(at) - size <= 12);
          else assert.equal(size, end);
        }
      }
    }
  });

  test("a copy has every element; one without tags has all but them", async () => {
    const file = document(100, "aabb");
    const same = await all(copy([file]));
    assert.deepEqual(oracleElements(same), oracleElements(file));
    assert.deepEqual(bodies(same), ["aabb"]);
    const less = await all(copy([file], { keep: (name) => name !== "Tags" }));
    assert.deepEqual([count(less, "Tags"), count(less, "Cluster")], [0, 1]);
  });

  test("documents of the same tracks become one, with all their tags in place", async () => {
    const file = cat(document(100, "01"), document(200, "02"), document(300, "03"));
    const one = await merged(file);
    assert.deepEqual(
      ["EBML", "Segment", "Tracks", "Cluster", "Tags"].map((name) => count(one, name)),
      [1, 1, 1, 3, 6],
    );
    assert.deepEqual(bodies(one), ["01", "02", "03"]);
    const times = oracleBlocks(one).map(({ timeMs }) => timeMs);
    assert.deepEqual(times, [0, 100, 200]);
    const order = oracleElements(one).filter((name) => name === "Cluster" || name === "Tags");
    const round = ["Tags", "Cluster", "Tags"];
    assert.deepEqual(order, [...round, ...round, ...round]);
    const bytewise = await all(merge(Array.from(file, (_, i) => file.subarray(i, i + 1))));
    assert.deepEqual(bytewise, one);
  });

  test("other tracks, and time that goes back, begin another document, or end it", async () => {
    const other = trackEntry(1, 1, el("536e", Buffer.from("other")));
    for (const last of [document(300, "03", other), document(50, "03")]) {
      const file = cat(document(100, "01"), document(200, "02"), last);
      const two = await merged(file);
      assert.deepEqual([count(two, "EBML"), count(two, "Cluster")], [2, 3]);
      assert.deepEqual(bodies(two), ["01", "02", "03"]);
      const first = await merged(file, { onChange: "stop" });
      assert.deepEqual([count(first, "EBML"), bodies(first)], [1, ["01", "02"]]);
    }
  });

  test("what is cut says so", async () => {
    const file = document(100, "aabb");
    await assert.rejects(merged(file.subarray(0, file.length - 5)), { code: "mkv.truncated" });
  });
});
