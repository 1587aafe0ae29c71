import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { reasonWords } from "./words.ts";

const URL_WITH_PASSWORD = "rtsp://admin:hunter2@cam/live?key=s3cret";

suite("reasonWords", () => {
  test("leaves out what is secret in the address, whoever said it", () => {
    const said = `cannot open ${URL_WITH_PASSWORD}: hunter2 and s3cret are wrong`;
    assert.equal(
      reasonWords(said, URL_WITH_PASSWORD),
      "cannot open rtsp://cam/live: *** and *** are wrong",
    );
  });

  test("says what to install, and that a camera went away", () => {
    const missing = reasonWords("ffmpeg is not installed (not on PATH) [config.bad]", "rtsp://a");
    assert.match(missing, /apt-get install ffmpeg/);
    assert.equal(
      reasonWords("rtsp://a: ffmpeg ended with code 0; next try in 0.3 s", "rtsp://a"),
      "rtsp://a: the camera ended the connection; next try in 0.3 s",
    );
  });
});
