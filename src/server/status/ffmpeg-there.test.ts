import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeFfmpegs, turns } from "../../../test/support/fake-ffmpeg.ts";
import { FfmpegLook } from "./ffmpeg-there.ts";

suite("whether ffmpeg is there", () => {
  test("its own words for its version; asked again after a minute, not before", async () => {
    const clock = new FakeClock();
    const fakes = new FakeFfmpegs();
    const look = new FfmpegLook(clock, fakes.spawn);
    const first = look.look();
    fakes.last.stdout.push(new TextEncoder().encode("ffmpeg version 5.1.9-0+deb12u1 Copyright"));
    fakes.last.exit(0);
    assert.deepEqual(await first, { found: true, version: "5.1.9-0+deb12u1" });
    await look.look();
    assert.equal(fakes.runs.length, 1);
    clock.advance(60_000);
    const again = look.look();
    fakes.last.exit(null, "", true);
    assert.deepEqual(await again, { found: false });
  });

  test("one that does not answer is ended, and counts as not there", async () => {
    const clock = new FakeClock();
    const fakes = new FakeFfmpegs();
    const there = new FfmpegLook(clock, fakes.spawn).look();
    fakes.last.stubborn = true;
    clock.advance(5000);
    await turns();
    assert.deepEqual(fakes.last.killed, ["SIGKILL"]);
    assert.deepEqual(await there, { found: false });
  });
});
