import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { WebcamStats } from "../../../producer-sdk/src/browser/webcam.ts";
import { bits, deviceTrouble, endWords, noCameraHere, stateWords } from "./producer-words.ts";

function stats(over: Partial<WebcamStats["producer"]>): WebcamStats {
  const producer = {
    ...{ connected: true, connections: 1, frames: 0, persisted: 0, dropped: 0, refused: 0 },
    ...{ waiting: 0, waitingBytes: 0, waitingUs: 0, lostUs: 0, ...over },
  };
  const counts = { captured: 0, encoded: 0, dropped: 0, fps: 0, bitrate: 0 };
  return { method: "webcodecs", codec: "h264", ...counts, producer };
}

suite("what the webcam page says", () => {
  test("a page that is not secure says so, and what to do", () => {
    const words = noCameraHere(false, false, "http://cameras.example") ?? "";
    assert.match(words, /http:\/\/cameras\.example is not encrypted.*https:\/\/.*localhost/);
    assert.match(noCameraHere(true, false, "") ?? "", /no cameras/);
    assert.equal(noCameraHere(true, true, ""), undefined);
  });

  test("why there is no camera, each in its own words; what is not known with the browser's", () => {
    const said = (name: string) => deviceTrouble({ name, message: "odd" });
    assert.match(said("NotAllowedError"), /not allowed/);
    assert.match(said("NotFoundError"), /no camera/);
    assert.match(said("NotReadableError"), /another program/);
    assert.match(said("Else"), /odd/);
  });

  test("connecting, live, stored, away, stopping", () => {
    const well = { lost: undefined, stopping: false };
    assert.equal(stateWords(stats({ connected: false }), well), "Connecting…");
    assert.match(stateWords(stats({}), well), /^Live\. Nothing is stored yet/);
    assert.equal(stateWords(stats({ persisted: 3 }), well), "Live, and being stored.");
    const away = stats({ connected: false, persisted: 3, waitingUs: 4_260_000 });
    assert.equal(
      stateWords(away, { lost: "cut", stopping: false }),
      "The server is away (cut). Keeping 4.3 s until it is back.",
    );
    assert.match(stateWords(stats({}), { lost: undefined, stopping: true }), /^Stopping/);
  });

  test("the end tells the truth", () => {
    const none = {
      durable: 4,
      waiting: 0,
      kept: 0,
      refused: 0,
      dropped: 0,
      waitingUs: 0,
      lostUs: 0,
    };
    const said = (over: object) => endWords({ ...none, ...over });
    assert.equal(said({}), "Stopped. Everything is stored.");
    assert.match(said({ waiting: 1, kept: 1 }), /1 fragment was not stored yet.*keeps.*again\.$/);
    assert.match(said({ waiting: 3, kept: 1 }), /keeps.*2 fragments were not stored, and lost\.$/);
    assert.equal(
      said({ dropped: 3, refused: 1 }),
      "Stopped. 3 fragments were given up, because there was no room to keep more. " +
        "1 fragment was refused by the server, and lost.",
    );
  });

  test("bit rates", () => {
    assert.deepEqual([bits(640_400), bits(2_449_000)], ["640 kbit/s", "2.4 Mbit/s"]);
  });
});
