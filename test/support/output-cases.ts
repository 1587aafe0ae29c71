/** Which outputs there are, and the test of all of them over one case. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  type Comparison,
  clipOf,
  compare,
  dashFrames,
  framesOfMkv,
  framesOfMp4,
  getMediaFrames,
  hlsFrames,
  listFrames,
  type OutFrame,
  type Push,
  type Scene,
  sceneOf,
  tailFrames,
} from "./outputs.ts";
import { run } from "./run.ts";
import { tempDir } from "./temp-dir.ts";
import { needs } from "./tools.ts";

type Stretches = readonly (readonly OutFrame[])[];

export interface OutputCase {
  readonly name: string;
  pushes(): Promise<readonly Push[]>;
  /**
   * Frames between breaks, by the producer's time: what ranges give. Of each connection's frames. Default: as they were sent, a stretch per
   * connection.
   */
  byTime?(sent: Stretches): Stretches;
  /** In the order of arrival: GetMedia, the tail. */
  byArrival?(sent: Stretches): Stretches;
  /** Its Matroska is several documents, one after the other: ffprobe does not read all of those. */
  readonly chained?: boolean;
}

const same = (sent: Stretches) => sent;

/** Name, what gives it, and whether its times are the producer's own. */
const OUTPUTS: readonly (readonly [
  string,
  (scene: Scene) => Promise<OutFrame[]>,
  Omit<Comparison, "stretches"> & { readonly arrival?: boolean },
])[] = [
  ["clip.mkv", async (scene) => framesOfMkv(await clipOf(scene, "clip.mkv")), {}],
  ["clip.mp4 in fragments", async (scene) => framesOfMp4(await clipOf(scene, "clip.mp4")), {}],
  ["clip.mp4, plain", async (scene) => framesOfMp4(await clipOf(scene, "clip.mp4 plain")), {}],
  ["HLS", hlsFrames, {}],
  ["DASH", dashFrames, {}],
  ["GetMedia", getMediaFrames, { absolute: true, arrival: true }],
  ["GetMediaForFragmentList", listFrames, { absolute: true, arrival: true }],
  ["tail", tailFrames, { absolute: true, arrival: true }],
];

export function outputSuite(one: OutputCase): void {
  suite(`outputs: ${one.name}`, { timeout: 300_000, ...needs("ffmpeg") }, () => {
    let scene: Scene;
    before(async () => {
      scene = await sceneOf(await one.pushes());
    });
    after(() => scene[Symbol.asyncDispose]());

    for (const [name, frames, { arrival = false, ...how }] of OUTPUTS)
      test(`${name} has every frame that was sent, at its time`, async () => {
        const order = (arrival ? one.byArrival : one.byTime) ?? same;
        compare(await frames(scene), { stretches: order(scene.sent), ...how }, name);
      });

    test("ffprobe counts the same packets in the clips", async () => {
      using dir = tempDir("outputs");
      const mkv = one.chained ? [] : ["clip.mkv"];
      for (const name of [...mkv, "clip.mp4 plain"]) {
        const path = join(dir.path, name.replace(" ", "-"));
        writeFileSync(path, await clipOf(scene, name));
        const entries = "stream=nb_read_packets";
        const { stdout, stderr } = await run("ffprobe", [
          ...["-v", "error", "-count_packets", "-show_entries", entries, "-of", "csv=p=0", path],
        ]);
        const counted = stdout
          .split("\n")
          .reduce((sum, line) => sum + Number.parseInt(line || "0", 10), 0);
        assert.equal(counted, scene.sent.flat().length, name);
        assert.equal(stderr, "", name);
      }
    });
  });
}
