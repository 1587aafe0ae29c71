import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { diskDays, diskSentence, fullBytes, storageSentence } from "./forecast.ts";

/** 2 Mbit/s are 21.6 GB a day. */
const camera = { kbits: 2000, retentionHours: 168, retentionBytes: 0 };

suite("how much a camera takes", () => {
  test("its time at its rate", () => {
    assert.equal(fullBytes(camera), 151.2e9);
    assert.equal(storageSentence(camera), "At this rate 7 days take 151 GB.");
  });

  test("a limit of bytes that is reached first", () => {
    const limited = { ...camera, retentionBytes: 43.2e9 };
    const said = "At this rate its 43 GB hold 2 days, less than the 7 days it may keep.";
    assert.equal(storageSentence(limited), said);
    const wide = { ...camera, retentionBytes: 500e9 };
    assert.equal(storageSentence(wide), "At this rate 7 days take 151 GB.");
  });

  test("no figure is made up where nothing comes in or nothing is kept", () => {
    assert.equal(storageSentence({ ...camera, kbits: 0 }), "No forecast while nothing comes in.");
    assert.equal(storageSentence({ ...camera, retentionHours: 0 }), "Live only: nothing is kept.");
  });
});

suite("how long the disk lasts", () => {
  test("free room above the mark, at the rate of all cameras", () => {
    assert.equal(diskDays(2000, { freeBytes: 217e9, stopBytes: 1e9 }), 10);
    assert.equal(diskDays(2000, { freeBytes: 1e9, stopBytes: 2e9 }), 0);
    assert.equal(diskDays(0, { freeBytes: 1e9, stopBytes: 0 }), undefined);
  });

  test("whether what may be kept fits", () => {
    const two = [
      { ...camera, bytes: 51.2e9 },
      { ...camera, bytes: 151.2e9 },
    ];
    assert.equal(
      diskSentence(two, { freeBytes: 432e9, stopBytes: 0 }),
      "The disk holds 10 days more of all cameras. What they may keep needs 100 GB more; 432 GB are free.",
    );
    assert.match(
      diskSentence(two, { freeBytes: 43.2e9, stopBytes: 0 }),
      /holds 1 day more .* needs 100 GB more; 43 GB are free\. Shorten a retention, or add disk\./,
    );
    const none = two.map((one) => ({ ...one, kbits: 0 }));
    assert.equal(
      diskSentence(none, { freeBytes: 1, stopBytes: 0 }),
      "Nothing comes in at the moment.",
    );
  });
});
