import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readCommandLine, readConfig } from "./config.ts";
import { statusLine } from "./status.ts";

const cam = { stream: "a", source: "test" };

suite("what streambank-producer is told", () => {
  test("one camera from the command line", () => {
    const [camera] = readCommandLine(["rtsp://c/1", "--stream", "s", "--create", "--no-audio"]);
    assert.deepEqual(camera, {
      ...{ stream: "s", source: "rtsp://c/1", server: "http://127.0.0.1:8080", create: true },
      ...{ loop: false, fast: false, audio: false, inputFormat: undefined },
      ...{ buffer: undefined, bufferSeconds: undefined, bufferMb: undefined, tokenFile: undefined },
    });
  });

  test("how much is kept: a flag for one, a key of the file for all, and of a camera", () => {
    const [one] = readCommandLine(["test", "--stream", "s", "--buffer-seconds", "90"]);
    assert.deepEqual([one?.bufferSeconds, one?.bufferMb], [90, undefined]);
    const file = { bufferSeconds: 60, cameras: [cam, { ...cam, stream: "b", bufferMb: 0.5 }] };
    const said = (flags: object) =>
      readConfig(file, flags).map((c) => [c.bufferSeconds, c.bufferMb]);
    assert.deepEqual(said({}), [
      [60, undefined],
      [60, 0.5],
    ]);
    assert.deepEqual(said({ bufferSeconds: 5, bufferMb: 7 }), [
      [5, 7],
      [5, 0.5],
    ]);
    for (const bad of ["0", "-1", "soon", "Infinity"])
      assert.throws(() => readCommandLine(["test", "--stream", "s", `--buffer-mb=${bad}`]), {
        ...{ code: "config.bad", message: /bufferMb: a number above 0/ },
      });
    for (const bufferSeconds of [0, "60", null])
      assert.throws(() => readConfig({ ...file, bufferSeconds }), { code: "config.bad" });
  });

  test("a server and a buffer for all cameras, and one of its own; a flag goes before what is for all", () => {
    const file = {
      ...{ server: "http://all:1", buffer: "/all" },
      cameras: [cam, { ...cam, stream: "b", server: "http://own:2", buffer: "/own" }],
    };
    const said = (flags: object) =>
      readConfig(file, flags).map(({ server, buffer }) => `${server} ${buffer}`);
    assert.deepEqual(said({}), ["http://all:1 /all", "http://own:2 /own"]);
    assert.deepEqual(said({ server: "http://flag:3" }), [
      "http://flag:3 /all",
      "http://own:2 /own",
    ]);
  });

  test("what is not known or missing is refused with its place", () => {
    const refused: [unknown, RegExp][] = [
      [[], /the file is not an object/],
      [{ cameras: [] }, /a list of 1 to 256/],
      [{ camera: [cam] }, /unknown key camera/],
      [{ cameras: [cam, { ...cam, stream: "b", lop: true }] }, /cameras\[1\]: unknown key lop/],
      [{ cameras: [{ source: "test" }] }, /cameras\[0\]: stream is missing/],
      [{ cameras: [{ ...cam, loop: "yes" }] }, /cameras\[0\]: loop: true or false/],
      [{ cameras: [cam, cam] }, /two cameras for the stream a/],
      [{ server: "cam", cameras: [cam] }, /server: not http/],
      [{ server: 3, cameras: [cam] }, /server: a text/],
    ];
    for (const [file, message] of refused)
      assert.throws(() => readConfig(file), { code: "config.bad", message });
    for (const argv of [["test"], ["--stream", "s"], ["test", "x", "--stream", "s"], ["--nope"]])
      assert.throws(() => readCommandLine(argv), { code: "config.bad" });
    assert.throws(() => readCommandLine(["test", "--config", "f"]), { code: "config.bad" });
  });

  test("a status line says state, rates, buffer and what is durable", () => {
    const view = {
      ...{ stream: "a", state: "live" as const, reason: undefined, pictures: 50, bytes: 1000 },
      ...{ frames: 60, bufferedUs: 1_900_000, persistedMs: 1_790_000_000_000, lost: 0 },
      ...{ waiting: 1, notKept: undefined, note: undefined },
    };
    assert.equal(
      statusLine(view, { fps: 25, kbits: 612.4 }),
      "a: live, 25.0 fps, 612 kbit/s, 1.9 s buffered, persisted 2026-09-21T14:13:20.000Z",
    );
    assert.equal(
      statusLine(
        {
          ...{ ...view, state: "failed", reason: "why", persistedMs: undefined, lost: 2 },
          ...{ notKept: "full", note: "the sound is left out: why" },
        },
        undefined,
      ),
      "a: failed: why, 60 frames sent, persisted nothing yet, 2 lost, not on disk: full, the sound is left out: why",
    );
  });
});
