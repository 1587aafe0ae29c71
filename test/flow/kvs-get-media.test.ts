/**
 * The body of GetMedia and GetMediaForFragmentList, element by element: order, widths of sizes, values, of every fragment; read by the
 * npm `ebml` decoder, each small file by mkvtoolnix.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
  type Fragment,
  GetMediaForFragmentListCommand,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { GetMediaCommand } from "@aws-sdk/client-kinesis-video-media";
import { documentsOf, type LaidElement, layoutOf } from "../support/ebml-layout.ts";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { ascii, el } from "../support/mkv-build.ts";
import { run } from "../support/run.ts";
import { signedPut } from "../support/signed-put.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const simpleTag = (name: string, value: string) =>
  el("67c8", Buffer.concat([el("45a3", ascii(name)), el("4487", ascii(value))]));
const tagsOf = (name: string, value: string) => el("1254c367", el("7373", simpleTag(name, value)));

interface Source {
  readonly body: Buffer;
  readonly tracks: Buffer;
  readonly scaleNs: number;
  readonly clusters: readonly { readonly ticks: bigint; readonly blocks: readonly string[] }[];
}

/** ffmpeg's file as a producer sends it that puts a tag before Info and one behind each Cluster. */
async function source(): Promise<Source> {
  const file = readFileSync(await makeMedia("h264-aac"));
  const layout = layoutOf(file);
  const bytes = ({ start, end }: LaidElement) => file.subarray(start, end);
  const one = (name: string) => {
    const found = layout.find((element) => element.name === name);
    assert.ok(found, name);
    return bytes(found);
  };
  const clusters = layout.filter(({ name }) => name === "Cluster").map(bytes);
  const parts = [
    one("EBML"),
    Buffer.from("1853806701ffffffffffffff", "hex"),
    tagsOf("first", "once"),
    one("Info"),
    one("Tracks"),
    ...clusters.flatMap((cluster, i) => [cluster, tagsOf("place", `door ${i}`)]),
  ];
  const scale = layout.find(({ name }) => name === "TimecodeScale")?.data;
  return {
    body: Buffer.concat(parts),
    tracks: one("Tracks"),
    scaleNs: Number(`0x${scale?.toString("hex")}`),
    clusters: clusters.map((cluster) => inCluster(layoutOf(cluster))),
  };
}

function inCluster(layout: readonly LaidElement[]) {
  const time = layout.find(({ name }) => name === "Timecode")?.data;
  // The whole block: track, time in the Cluster, flags, payload.
  const blocks = layout
    .filter(({ name }) => name === "SimpleBlock" || name === "Block")
    .map(({ data }) =>
      createHash("sha256")
        .update(data ?? "")
        .digest("hex"),
    );
  return { ticks: BigInt(`0x${time?.toString("hex") || "0"}`), blocks };
}

/** Tags elements from this place on, each as its pairs. */
function tagPairs(layout: readonly LaidElement[]): [string, string][] {
  const pairs: [string, string][] = [];
  let name = "";
  for (const element of layout) {
    if (element.name === "TagName") name = element.data?.toString("utf8") ?? "";
    if (element.name === "TagString") pairs.push([name, element.data?.toString("utf8") ?? ""]);
  }
  return pairs;
}

const LEVEL_1 = new Set(["EBML", "Segment", "Info", "Tracks", "Tags", "Cluster"]);
const TAG_PARTS = new Set(["Tags", "Tag", "SimpleTag", "TagName", "TagString"]);

/** One small file against what was sent; gives the two trailing values. */
function checkDocument(
  file: Buffer,
  i: number,
  { sent, listed }: { sent: Source; listed: Fragment },
) {
  const layout = layoutOf(file);
  const at = layout.flatMap(({ name }, index) => (LEVEL_1.has(name) ? [index] : []));
  const parts = at.map((from, k) => layout.slice(from, at[k + 1] ?? layout.length));
  const [ebml, segment, info, tracks, identity, cluster, own, behind, ...more] = parts;
  const names = parts.map(([first]) => first?.name);
  const order = ["EBML", "Segment", "Info", "Tracks", "Tags", "Cluster", "Tags"];
  assert.deepEqual(names.slice(0, 7), order);
  assert.deepEqual(more, []);
  const value = (part: readonly LaidElement[] | undefined, name: string) =>
    part?.find((element) => element.name === name)?.data;
  assert.equal(value(ebml, "DocType")?.toString(), "matroska");
  const segmentAt = segment?.[0]?.start ?? 0;
  assert.equal(file.toString("hex", segmentAt, segmentAt + 12), "1853806701ffffffffffffff");
  assert.equal(Number(`0x${value(info, "TimecodeScale")?.toString("hex")}`), sent.scaleNs);
  // As the producer sent it, byte for byte.
  assert.deepEqual(file.subarray(tracks?.[0]?.start, tracks?.[0]?.end), sent.tracks);
  const seconds = (time?: Date) => ((time?.getTime() ?? 0) / 1000).toFixed(3);
  assert.deepEqual(tagPairs(identity ?? []), [
    ["AWS_KINESISVIDEO_FRAGMENT_NUMBER", listed.FragmentNumber],
    ["AWS_KINESISVIDEO_SERVER_TIMESTAMP", seconds(listed.ServerTimestamp)],
    ["AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", seconds(listed.ProducerTimestamp)],
  ]);
  for (const part of [identity, own, behind])
    for (const { name, sizeWidth } of part ?? []) {
      assert.ok(TAG_PARTS.has(name), `${name} among the tags: no Targets, no CRC`);
      assert.equal(sizeWidth, 4, name);
    }
  const [is, was] = [inCluster(cluster ?? []), sent.clusters[i]];
  assert.deepEqual(is.blocks, was?.blocks);
  assert.equal(is.ticks, (was?.ticks ?? 0n) + BigInt(START_MS));
  assert.ok(cluster?.[0]?.end !== undefined, "a Cluster of known size");
  const first = i === 0 ? [["first", "once"]] : [];
  assert.deepEqual(tagPairs(own ?? []), [...first, ["place", `door ${i}`]]);
  return behind && Object.fromEntries(tagPairs(behind));
}

async function put({ url, root: credentials }: GuardedServer, body: Buffer): Promise<void> {
  const call = await signedPut({ url, stream: "cam", startMs: START_MS, credentials });
  await call.write(body);
  call.end();
  await call.acks;
}

async function bytesOf(payload: unknown, documents: number): Promise<Buffer> {
  const body = payload as AsyncIterable<Uint8Array> & { destroy(): void };
  const parts: Uint8Array[] = [];
  for await (const part of body) {
    parts.push(part);
    const all = Buffer.concat(parts);
    const tokens = all.toString("latin1").match(/CONTINUATION_TOKEN[\s\S]{5,8}\d{47}/g);
    if (tokens?.length === documents) break;
  }
  body.destroy();
  return Buffer.concat(parts);
}

async function intoMkvmerge(documents: readonly Buffer[]): Promise<void> {
  using dir = tempDir("mini-mkv");
  for (const [i, bytes] of documents.entries()) {
    const path = join(dir.path, `${i}.mkv`);
    writeFileSync(path, bytes);
    // Ends with 1 where there is a warning.
    await run("mkvmerge", ["-q", "-o", join(dir.path, "out.mkv"), path]);
    const { stdout } = await run("mkvmerge", ["-J", path]);
    const { warnings, errors, container } = JSON.parse(stdout);
    assert.deepEqual([warnings, errors, container.recognized], [[], [], true]);
  }
}

suite("the body of GetMedia", { timeout: 300_000, ...needs("ffmpeg", "mkvtoolnix") }, () => {
  test("every fragment is a whole small file, as the service writes it", async () => {
    await using scene = await guardedServer();
    await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
    const sent = await source();
    await put(scene, sent.body);
    const { media, archived } = scene.clients;
    const { Fragments = [] } = await archived.send(
      new ListFragmentsCommand({
        StreamName: "cam",
        FragmentSelector: {
          FragmentSelectorType: "PRODUCER_TIMESTAMP",
          TimestampRange: {
            StartTimestamp: new Date(START_MS),
            EndTimestamp: new Date(START_MS + 60_000),
          },
        },
      }),
    );
    assert.equal(Fragments.length, sent.clusters.length);
    const answer = await media.send(
      new GetMediaCommand({ StreamName: "cam", StartSelector: { StartSelectorType: "EARLIEST" } }),
    );
    assert.equal(answer.ContentType, "video/webm");
    const documents = documentsOf(await bytesOf(answer.Payload, Fragments.length));
    assert.equal(documents.length, Fragments.length);
    const newest = Fragments.at(-1)?.ServerTimestamp?.getTime() ?? 0;
    for (const [i, listed] of Fragments.entries()) {
      const behind = checkDocument(documents[i] ?? Buffer.alloc(0), i, { sent, listed });
      assert.deepEqual(behind, {
        AWS_KINESISVIDEO_MILLIS_BEHIND_NOW: String(
          newest - (listed.ServerTimestamp?.getTime() ?? 0),
        ),
        AWS_KINESISVIDEO_CONTINUATION_TOKEN: listed.FragmentNumber,
      });
    }
    await intoMkvmerge(documents);
    const unknown = `${Fragments[1]?.FragmentNumber?.slice(0, -3)}000`;
    const numbers = Fragments.map(({ FragmentNumber = "" }) => FragmentNumber);
    const list = await archived.send(
      new GetMediaForFragmentListCommand({ StreamName: "cam", Fragments: [...numbers, unknown] }),
    );
    assert.equal(list.ContentType, "video/webm");
    const parts: Uint8Array[] = [];
    for await (const part of list.Payload as unknown as AsyncIterable<Uint8Array>) parts.push(part);
    const body = Buffer.concat(parts);
    // Of a number that there is not: Tags in its place, between the files.
    const pairs = tagPairs(layoutOf(body)).filter(([name]) => /NUMBER$|EXCEPTION/.test(name));
    const missing = pairs.findIndex(([, value]) => value === unknown);
    assert.deepEqual(pairs.slice(missing, missing + 3), [
      ["AWS_KINESISVIDEO_FRAGMENT_NUMBER", unknown],
      ["AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", "4000"],
      ["AWS_KINESISVIDEO_EXCEPTION_MESSAGE", "there is no fragment of this number in the stream"],
    ]);
    assert.equal(pairs.length, numbers.length + 3);
    for (const [i, listed] of Fragments.entries()) {
      const own = documentsOf(body)[i] ?? Buffer.alloc(0);
      const at = own.indexOf(unknown);
      // The exception's Tags begin 35 bytes and two headers before their number.
      const file = at < 0 ? own : own.subarray(0, own.lastIndexOf("1254c367", at, "hex"));
      assert.equal(checkDocument(file, i, { sent, listed }), undefined, "no trailing tags");
    }
  });
});
