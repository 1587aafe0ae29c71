/**
 * P1: kill -9 in the middle of ingest, at a random moment, many times over one data folder: twelve times with every run of
 * the tests, 50 with `KILL_ROUNDS=50`. After every restart all fragments that were acked PERSISTED in any round read back byte for
 * byte, and every other one is wholly there or wholly absent.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { realClock, sleep } from "../../src/base/clock.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { makeMedia } from "../support/media.ts";
import { putMedia } from "../support/put-media.ts";
import { random } from "../support/random.ts";
import { type ServerProcess, startServerProcess, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 12);
/** Rounds are a minute apart on the producer's clock, so each reads back on its own. */
const ROUND_MS = 60_000;
const START = 1_790_000_000_000;

interface Round {
  readonly startMs: number;
  readonly persisted: readonly string[];
}

suite("kill -9 during ingest", needs("ffmpeg"), () => {
  test(`loses no PERSISTED fragment in ${ROUNDS} rounds`, { timeout: 400_000 }, async (t) => {
    using dir = tempDir("kill");
    const file = readFileSync(await makeMedia("short-groups"));
    const source = oracleFrames(file);
    const rounds: Round[] = [];
    const ready: number[] = [];
    for (let seed = 1; seed <= ROUNDS; seed++) {
      await using server = await startServerProcess(dir.path, ["--create-missing"]);
      ready.push(server.readyMs);
      if (seed > 1) await verify(server, rounds.slice(-1), source);
      rounds.push(await pushAndKill(server, file, seed));
    }
    await using server = await startServerProcess(dir.path);
    await verify(server, rounds, source);
    assert.equal(await server.stop(), 0);
    const persisted = rounds.reduce((sum, round) => sum + round.persisted.length, 0);
    const sorted = ready.toSorted((a, b) => a - b);
    t.diagnostic(`${persisted} PERSISTED fragments over ${ROUNDS} rounds`);
    t.diagnostic(
      `process start to ready: median ${sorted[ROUNDS >> 1]?.toFixed(0)} ms, max ${sorted.at(-1)?.toFixed(0)} ms`,
    );
    assert.ok(persisted > ROUNDS * 2, "the kills came too early to show anything");
  });
});

async function pushAndKill(server: ServerProcess, file: Uint8Array, seed: number): Promise<Round> {
  const next = random(seed);
  const startMs = START + seed * ROUND_MS;
  const put = putMedia({ url: server.url, stream: "cam", startMs });
  const killAfter = 40 + next() * 240;
  const pushing = (async () => {
    const step = Math.ceil(file.length / 40);
    for (let at = 0; at < file.length; at += step) {
      await put.write(file.subarray(at, at + step));
      await sleep(realClock, 4);
    }
    put.end();
  })();
  await sleep(realClock, killAfter);
  await server.kill();
  put.cut();
  await Promise.race([pushing, put.acks]);
  const acks = await put.acks;
  const persisted = acks.filter((a) => a.EventType === "PERSISTED");
  return { startMs, persisted: persisted.map((a) => a.FragmentNumber ?? "") };
}

async function verify(
  server: ServerProcess,
  rounds: readonly Round[],
  source: ReturnType<typeof oracleFrames>,
): Promise<void> {
  for (const round of rounds) {
    const range = `from=${round.startMs - 1000}&to=${round.startMs + ROUND_MS - 1000}`;
    const list = await fetch(`${server.url}/v1/streams/cam/fragments?${range}`);
    const { fragments } = (await list.json()) as { fragments: { number: string }[] };
    const found = new Set(fragments.map((f) => f.number));
    for (const number of round.persisted)
      assert.ok(found.has(number), `PERSISTED ${number} is gone`);
    if (found.size === 0) continue;
    const clip = await fetch(`${server.url}/v1/streams/cam/clip.mkv?${range}`);
    assert.equal(clip.status, 200);
    const frames = oracleFrames(new Uint8Array(await clip.arrayBuffer()));
    assert.deepEqual(frames, source.slice(0, frames.length));
  }
}
