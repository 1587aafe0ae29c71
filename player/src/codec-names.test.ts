import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { codecWords, undecodable, unplayable } from "./codec-names.ts";

suite("codecs in words", () => {
  test("are named as people know them, each once; what is not known as it is", () => {
    assert.equal(
      codecWords('video/mp4; codecs="hvc1.1.6.L93.B0,mp4a.40.2"'),
      "HEVC (H.265) with AAC",
    );
    assert.equal(codecWords('video/mp4; codecs="avc1.64001F, avc1.640028"'), "H.264");
    assert.equal(codecWords('video/mp4; codecs="dvh1.05"'), "dvh1.05");
  });

  test("what cannot be played says what to do", () => {
    const hevc = unplayable('video/mp4; codecs="hev1.1.6.L93.B0"');
    assert.match(hevc, /^This browser cannot play HEVC \(H\.265\)\..*sub.*Safari.*download/);
    assert.match(unplayable('audio/mp4; codecs="ac-3"'), /Dolby Digital.*H\.264.*download/);
    const broken = undecodable('video/mp4; codecs="avc1.64001F"', "bad NAL");
    assert.match(broken, /decode this H\.264 \(bad NAL\)\. Press Live/);
  });
});
