import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { suite, test } from "node:test";
import type { Child, Spawn } from "../../../producer-sdk/src/node/spawn.ts";
import { guardedSpawn } from "./guarded-spawn.ts";
import { SourcePolicy } from "./source-policy.ts";

const bad = { code: "source.bad-address" };

suite("where cameras may be", () => {
  test("anywhere but where a cloud hands out its secrets, in whatever spelling", async () => {
    const names: Record<string, string[]> = {
      "cam.lan": ["192.168.1.7"],
      "evil.example": ["169.254.169.254"],
      "both.example": ["169.254.169.254", "10.0.0.9"],
    };
    const policy = new SourcePolicy(["all"], async (name) => {
      const found = names[name];
      if (found === undefined) throw new Error("ENOTFOUND");
      return found;
    });
    for (const good of ["127.0.0.1", "10.0.0.7:8554", "u:p@ss/w@10.0.0.7", "[::1]:8554", "8.8.8.8"])
      policy.checkLiteral(`rtsp://${good}/live`);
    const link = [
      "169.254.169.254",
      "u:p@169.254.0.1:554",
      "[fe80::1]",
      "[::ffff:169.254.1.1]",
      "[fd00:ec2::254]",
    ];
    for (const host of [...link, "0xa9.254.43518", "2852039166"]) {
      assert.throws(() => policy.checkLiteral(`rtsp://${host}/live`), bad, host);
      await assert.rejects(policy.place(`rtsps://${host}/live`), bad, host);
    }
    const place = { address: "192.168.1.7", port: 554, encrypted: false, host: "cam.lan" };
    assert.deepEqual(await policy.place("rtsp://u:p@cam.lan/live"), place);
    assert.equal((await policy.place("rtsps://both.example/")).address, "10.0.0.9");
    for (const name of ["evil.example", "none.example"])
      await assert.rejects(policy.place(`rtsp://${name}/`), bad, name);
  });

  test("in the networks of the setting alone", async () => {
    const policy = new SourcePolicy(["192.168.1.0/24", "fd00::/8", "10.0.0.7"]);
    for (const good of ["192.168.1.255", "[fd12::1]", "10.0.0.7"])
      policy.checkLiteral(`rtsp://${good}/`);
    for (const host of [
      "127.0.0.1",
      "192.168.2.1",
      "10.0.0.8",
      "[::1]",
      "8.8.8.8",
      "[fd00:ec2::254]",
    ])
      assert.throws(() => policy.checkLiteral(`rtsp://${host}/`), bad, host);
  });

  test("what redirects is cut off before ffmpeg reads where to, and its answers else go through", async () => {
    const camera = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.write("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
        socket.once("data", () => {
          socket.write("RTSP/1.");
          socket.write("0 30");
          setImmediate(() => socket.write("2 Moved\r\nLocation: rtsp://169.254.169.254/\r\n\r\n"));
        });
      });
    });
    await new Promise<void>((resolve) => camera.listen(0, "127.0.0.1", resolve));
    const { port } = camera.address() as { port: number };
    let [end, address] = [(_code: number) => {}, ""];
    let begun: (_: unknown) => void = () => {};
    const started = new Promise((resolve) => {
      begun = resolve;
    });
    const spawn: Spawn = (_program, args): Child => {
      address = args[1] ?? "";
      begun(undefined);
      return {
        stdout: (async function* () {})(),
        stderr: (async function* () {})(),
        exited: new Promise((resolve) => {
          end = (code) => resolve({ code, missing: false });
        }),
        kill: () => {},
      };
    };
    const policy = new SourcePolicy(["all"]);
    const child = guardedSpawn(policy, spawn)("ffmpeg", [
      "-i",
      `rtsp://u:p@127.0.0.1:${port}/live?x=1`,
    ]);
    await started;
    const [, relay = ""] = /^rtsp:\/\/u:p@127\.0\.0\.1:(\d+)\/live\?x=1$/.exec(address) ?? [];
    assert.notEqual(Number(relay), port);
    const ffmpeg = connect(Number(relay), "127.0.0.1");
    ffmpeg.on("error", () => {});
    let got = "";
    const closed = new Promise<void>((resolve) => ffmpeg.once("close", () => resolve()));
    ffmpeg.write("OPTIONS\r\n\r\n");
    ffmpeg.on("data", (piece: Buffer) => {
      got += piece.toString();
      if (got.endsWith("CSeq: 1\r\n\r\n")) ffmpeg.write("DESCRIBE\r\n\r\n");
    });
    await closed;
    assert.match(got, /^RTSP\/1\.0 200 OK/);
    assert.doesNotMatch(got, /Location|Moved/);
    end(1);
    await child.exited;
    let said = "";
    for await (const piece of child.stderr) said += Buffer.from(piece).toString();
    assert.match(said, /redirects/);
    camera.close();
  });

  test("a name is resolved once: the relay leads to what was looked at, whatever the name means then", async () => {
    const camera = createServer((socket) => socket.end("RTSP/1.0 200 OK\r\n\r\n"));
    await new Promise<void>((resolve) => camera.listen(0, "127.0.0.1", resolve));
    const { port } = camera.address() as { port: number };
    const meanings = [["127.0.0.1"], ["169.254.169.254"]];
    const policy = new SourcePolicy(["all"], async () => meanings.shift() ?? []);
    const asked = Promise.withResolvers<string>();
    const over = Promise.withResolvers<{ code: number; missing: boolean }>();
    const spawn: Spawn = (_program, args): Child => {
      asked.resolve(args[1] ?? "");
      const none = async function* () {};
      return { stdout: none(), stderr: none(), exited: over.promise, kill: () => {} };
    };
    const child = guardedSpawn(policy, spawn)("ffmpeg", ["-i", `rtsp://cam.example:${port}/`]);
    const [, relay = ""] = /^rtsp:\/\/127\.0\.0\.1:(\d+)\/$/.exec(await asked.promise) ?? [];
    const got: string[] = [];
    for await (const piece of connect(Number(relay), "127.0.0.1")) got.push(String(piece));
    assert.equal(got.join(""), "RTSP/1.0 200 OK\r\n\r\n");
    assert.equal(meanings.length, 1);
    over.resolve({ code: 0, missing: false });
    await child.exited;
    // The next connection asks again, and is refused.
    const never: Spawn = () => assert.fail("started");
    const next = await guardedSpawn(policy, never)("ffmpeg", ["-i", `rtsp://cam.example:${port}/`])
      .exited;
    assert.match(next.error ?? "", /link-local/);
    camera.close();
  });

  test("a place that is refused is told like a program that could not be started", async () => {
    const never: Spawn = () => assert.fail("started");
    const child = guardedSpawn(new SourcePolicy(["all"]), never)("ffmpeg", [
      "-i",
      "rtsp://169.254.1.1/",
    ]);
    child.kill("SIGTERM");
    const { code, missing, error } = await child.exited;
    assert.deepEqual([code, missing], [null, false]);
    assert.match(error ?? "", /no place for a camera/);
    for await (const piece of child.stdout) assert.fail(String(piece));
  });
});
