/** PutMedia bodies that the service would refuse, each on a real server: the ErrorId, or that it is taken. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { guardedServer } from "../support/guarded-server.ts";
import {
  blockBody,
  cat,
  ebml,
  el,
  inCluster,
  info,
  type Part,
  simple,
  size,
  trackEntry,
  tracks,
  unknown,
} from "../support/mkv-build.ts";
import { type Credentials, signedPut } from "../support/signed-put.ts";

const START_MS = 1_790_000_000_000;
const cluster = (content: Uint8Array) => cat(unknown("1f43b675"), content);
const file = (...parts: readonly Part[]) =>
  cat(ebml(), unknown("18538067"), info(), tracks(), ...parts);
const key = (ticks: number, ...more: readonly Part[]) =>
  cluster(inCluster(ticks, simple(1, 0), simple(2, 0), ...more));
const tag = (name: string) =>
  el("67c8", cat(el("45a3", Buffer.from(name)), el("4487", Buffer.from("v"))));
const entries = (count: number) =>
  el("1654ae6b", cat(...Array.from({ length: count }, (_, i) => trackEntry(i + 1, 1))));

const REFUSED: readonly (readonly [string, number, Uint8Array])[] = [
  [
    "a block announced with more than 50 MB",
    4001,
    file(cluster(cat(el("e7", [0]), "a3", size(60_000_000, 4)))),
  ],
  ["not Matroska", 4006, Buffer.from("RIFF....AVI LIST")],
  ["no Tracks", 4006, cat(ebml(), unknown("18538067"), info(), key(0))],
  ["a body that ends in a block", 4006, cat(file(key(0)), "a3", size(500, 4), [0x81, 0, 0])],
  [
    "a Cluster at the end of time",
    4007,
    file(cluster(cat(el("e7", "00000746a5288000"), simple(1, 0)))),
  ],
  ["a block of a track that is not there", 4010, file(key(0, simple(3, 0)))],
  ["65 tracks", 4012, cat(ebml(), unknown("18538067"), info(), entries(65), key(0))],
];

/** And how many of their fragments are kept. */
const TAKEN: readonly (readonly [string, number, Uint8Array])[] = [
  [
    "4002: a fragment of 30 s is cut",
    2,
    file(key(0, ...Array.from({ length: 30 }, (_, i) => simple(1, i * 1000, "0102", 0)))),
  ],
  ["4004: time that goes back", 2, file(key(60_000), key(1000))],
  [
    "4009: twenty tags on a fragment",
    1,
    file(
      key(0),
      el("1254c367", cat(...Array.from({ length: 20 }, (_, i) => el("7373", tag(`t${i}`))))),
    ),
  ],
  [
    "4011: a fragment without frames of one track",
    2,
    file(key(0), cluster(inCluster(1000, simple(1, 0)))),
  ],
  [
    "4012 of the service: five tracks",
    1,
    cat(
      ebml(),
      unknown("18538067"),
      info(),
      entries(5),
      cluster(inCluster(0, ...[1, 2, 3, 4, 5].map((n) => el("a3", blockBody(n, 0, 0x80, "01"))))),
    ),
  ],
];

async function acksOf(url: string, credentials: Credentials, body: Uint8Array, startMs: number) {
  const call = await signedPut({ url, stream: "cam", startMs, credentials });
  await call.write(body);
  call.end();
  return call.acks;
}

suite("ErrorIds of PutMedia", { timeout: 300_000 }, () => {
  test("each has its id, and the connection ends with it", async () => {
    await using scene = await guardedServer();
    await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
    for (const [what, id, body] of REFUSED) {
      const acks = await acksOf(scene.url, scene.root, body, START_MS);
      assert.equal(acks.at(-1)?.ErrorId, id, `${what}: ${JSON.stringify(acks.at(-1))}`);
      assert.equal(acks.filter(({ EventType }) => EventType === "ERROR").length, 1, what);
    }
  });

  test("what the service refuses with another id is taken, and kept", async () => {
    await using scene = await guardedServer();
    await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
    for (const [i, [what, kept, body]] of TAKEN.entries()) {
      const acks = await acksOf(scene.url, scene.root, body, START_MS + i * 1_000_000);
      const last = acks.at(-1);
      assert.equal(last?.EventType, "PERSISTED", `${what}: ${JSON.stringify(last)}`);
      const answer = await fetch(
        `${scene.url}/v1/streams/cam/fragments?from=${START_MS + i * 1_000_000}&to=${START_MS + (i + 1) * 1_000_000}`,
        { headers: { authorization: `Bearer ${scene.token}` } },
      );
      const { fragments } = (await answer.json()) as { fragments: object[] };
      assert.equal(fragments.length, kept, what);
    }
  });
});
