/** `@streambank/producer` as a package: installed without a network in an empty folder, used by a program and by its command. */
import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { NodeProgram } from "../support/node-program.ts";
import { run } from "../support/run.ts";
import { startTestServer, tempDir } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
const MINUTES = 60_000;

/** A camera as a user writes it. */
const CAMERA = `
import { Producer, realClock as clock } from "@streambank/producer";
import { DiskStore, fileSource } from "@streambank/producer/node";
import { IndexedDbStore } from "@streambank/producer/browser";

const [, , url, file] = process.argv;
const store = new DiskStore({ dir: "kept" });
const producer = new Producer({ url, stream: "door", create: true, tracks: [], clock, store });
const signal = new AbortController().signal;
for await (const item of fileSource(file, { clock, signal, realtime: false })) {
  if (item.kind === "tracks") producer.setTracks(item.tracks);
  if (item.kind !== "frame") continue;
  const { track, payload, timeUs, key } = item.frame;
  producer.putFrame({ track, data: payload.toBytes(), timestampUs: timeUs, key });
}
console.log(JSON.stringify({ ...(await producer.end(60_000)), browser: typeof IndexedDbStore }));
process.exit();
`;

/** The declarations say what is what: the last line is refused. */
const TYPED = `
import { Producer, realClock as clock, type Outcome } from "@streambank/producer";
import { DiskStore } from "@streambank/producer/node";
const store = new DiskStore({ dir: "kept" });
const producer = new Producer({ url: "", stream: "", tracks: [], clock, store });
export const outcome: Outcome = await producer.end();
export const wrong: string = outcome.durable;
`;

suite("the producer as a package", { timeout: 4 * MINUTES }, () => {
  test("packed, installed offline, and run: every frame is in the archive", async () => {
    using dir = tempDir("producer-package");
    const pack = join(ROOT, "scripts/pack-producer.ts");
    const { stdout } = await run(process.execPath, [pack, join(dir.path, "packed")]);
    const tarball = stdout.trim();
    const home = join(dir.path, "home");
    await using server = await startTestServer({ createMissing: true });
    const quiet = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await run("npm", ["install", "--prefix", home, ...quiet, tarball]);
    const installed = globSync("node_modules/{@*/,}*/package.json", { cwd: home });
    assert.deepEqual(installed, ["node_modules/@streambank/producer/package.json"], "nothing else");
    const own = join(home, "node_modules/@streambank/producer");
    assert.deepEqual(globSync("**/*.ts", { cwd: own, exclude: ["**/*.d.ts"] }), []);

    const sample = join(own, "samples/camera.mkv");
    const source = oracleFrames(readFileSync(sample)).map(({ track, sha }) => `${track} ${sha}`);
    const stored = async (stream: string) => {
      const clip = `${server.url}/v1/streams/${stream}/clip.mkv?from=0&to=9000000000000`;
      const answer = await fetch(clip);
      assert.equal(answer.status, 200);
      const frames = oracleFrames(new Uint8Array(await answer.arrayBuffer()));
      return frames.map(({ track, sha }) => `${track} ${sha}`);
    };
    writeFileSync(join(home, "camera.mjs"), CAMERA);
    using camera = new NodeProgram(join(home, "camera.mjs"), server.url, sample);
    assert.equal(await camera.exited, 0, camera.err);
    const { durable, waiting, refused, dropped, browser } = JSON.parse(camera.out);
    assert.deepEqual([durable, waiting, refused, dropped, browser], [12, 0, 0, 0, "function"]);
    assert.deepEqual(await stored("door"), source);

    const command = join(home, "node_modules/.bin/streambank-producer");
    const args = [sample, "--fast", "--stream", "yard", "--server", server.url];
    using program = new NodeProgram(command, ...args);
    assert.equal(await program.exited, 0, program.out + program.err);
    assert.deepEqual(await stored("yard"), source);

    writeFileSync(join(home, "typed.mts"), TYPED);
    const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types")];
    const strict = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
    ];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const checked = new NodeProgram(tsc, ...strict, ...types, join(home, "typed.mts"));
    assert.notEqual(await checked.exited, 0);
    assert.match(checked.out.trim(), /^[^\n]*typed\.mts\(7,14\): error TS2322:[^\n]*$/);
  });
});
