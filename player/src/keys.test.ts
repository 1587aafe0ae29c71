import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileName, sizeText } from "./file-names.ts";
import { actionOf, keyList, keyName } from "./keys.ts";
import { placeText, readPlace } from "./share-link.ts";
import { speedAfter } from "./speeds.ts";
import { knownZone, zoneFor } from "./zones.ts";

const press = (key: string, over: object = {}) => ({
  ...{ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false },
  ...over,
});

suite("keys, links and names", () => {
  test("no key does two things", () => {
    const all = keyList.flatMap(([keys]) => keys);
    assert.equal(new Set(all).size, all.length);
  });

  test("keys are told apart by Shift only where they have to be", () => {
    assert.equal(actionOf(press("K", { shiftKey: true })), "toggle");
    assert.equal(actionOf(press("ArrowLeft")), "back");
    assert.equal(actionOf(press("ArrowLeft", { shiftKey: true })), "far-back");
    assert.equal(actionOf(press("<", { shiftKey: true })), "slower");
    assert.equal(actionOf(press("?", { shiftKey: true })), "help");
    assert.equal(actionOf(press("s", { ctrlKey: true })), undefined, "saves the page");
    assert.equal(actionOf(press("x")), undefined);
    assert.deepEqual([" ", "Shift+ArrowRight", "l"].map(keyName), ["Space", "Shift →", "L"]);
  });

  test("a link carries the camera and the moment, whatever the camera is called", () => {
    const place = { stream: "front door?t=#1/ä", atMs: Date.UTC(2026, 10, 22, 22, 24) };
    assert.deepEqual(readPlace(`#${placeText(place)}`), place);
    assert.deepEqual(readPlace(`#${placeText({ stream: "cam" })}`), { stream: "cam" });
    assert.deepEqual(readPlace("#cam?t=soon"), { stream: "cam" });
    assert.deepEqual(readPlace("#%"), { stream: "" });
  });

  test("files are named by camera, time and offset", () => {
    const ms = Date.UTC(2026, 10, 22, 21, 24);
    const name = (zone: string) => fileName("cam", { ms, ending: "mp4", zone });
    assert.equal(name("Europe/Berlin"), "cam_2026-11-22T22-24-00+0100.mp4");
    assert.equal(name("America/St_Johns"), "cam_2026-11-22T17-54-00-0330.mp4");
    assert.deepEqual([1500, 2_340_000, 5e9].map(sizeText), ["2 KB", "2.3 MB", "5.00 GB"]);
  });

  test("speeds end where they end", () => {
    assert.deepEqual(
      [1, 8, 64].map((speed) => speedAfter(speed, 1)),
      [1.5, 16, 64],
    );
    assert.deepEqual(
      [0.25, -1, -64].map((speed) => speedAfter(speed, -1)),
      [-1, -2, -64],
    );
    assert.equal(speedAfter(3, 1), 1.5);
  });

  test("a zone that the browser does not know is as none", () => {
    assert.equal(knownZone("Mars/Base"), undefined);
    assert.equal(zoneFor("camera", knownZone("Asia/Tokyo")), "Asia/Tokyo");
    assert.equal(zoneFor("mine", "Asia/Tokyo"), undefined);
    assert.equal(zoneFor("utc", undefined), "UTC");
  });
});
