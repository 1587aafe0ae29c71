/** Every command that ends by itself, as a child process, against a real server. Those that go on: cli-live. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import type { FragmentItem } from "../../src/play/fragments.ts";
import type { StreamView } from "../../src/server/routes/streams.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { makeMedia } from "../support/media.ts";
import { run } from "../support/run.ts";
import { cli, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const MAIN = join(import.meta.dirname, "../../src/main.ts");
const BIN = join(import.meta.dirname, "../../bin/streambank.mjs");
/** Clusters of a file, found without a parser. */
const clusters = (path: string) => readFileSync(path).toString("hex").split("1f43b675").length - 1;
const fragments = clusters(SAMPLE);
const START = "2026-11-22T14:00:00.000Z";
const START_MS = Date.parse(START);

/** A server, and the command line that talks to it. */
async function scene() {
  const server = await startTestServer();
  const dir = tempDir("cli");
  const at = (...args: string[]) => cli([...args, "--server", server.url]);
  /** The same, and it has to work. */
  const done = async (...args: string[]) => {
    const { code, out, err } = await at(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${err}`);
    return out;
  };
  const put = (...args: string[]) => done("put", SAMPLE, "--create", "--start", START, ...args);
  return {
    ...{ server, at, done, put },
    path: (name: string) => join(dir.path, name),
    files: () => readdirSync(dir.path),
    async [Symbol.asyncDispose]() {
      await server.close();
      dir[Symbol.dispose]();
    },
  };
}

async function inspected(path: string) {
  const { code, out } = await cli(["inspect", path, "--json"]);
  assert.equal(out.trim().split("\n").length, 1, "one object, on one line");
  return { code, ...JSON.parse(out) };
}

/** One line for people on standard error, with the code in brackets, and no stack. */
function refused(
  { code, out, err }: { code: number | null; out: string; err: string },
  exitCode: number,
  says: RegExp,
): void {
  assert.equal(code, exitCode, err);
  assert.equal(out, "");
  assert.match(err, /^streambank: .+ \[[a-z.-]+\]\n$/);
  assert.match(err, says);
}

suite("streambank streams", () => {
  test("create, list and delete, also through bin/streambank.mjs", async () => {
    await using s = await scene();
    const create = ["streams", "create"];
    assert.equal(await s.done(...create, "cam", "--retention-hours", "48"), "created cam\n");
    assert.equal(await s.done(...create, "live", "--retention-hours", "0"), "created live\n");
    refused(await s.at(...create, "cam"), 1, /there is a stream cam already \[stream\.exists\]/);
    const list = ["streams", "list", "--server", s.server.url];
    const { stdout } = await run(process.execPath, [BIN, ...list]);
    assert.deepEqual(stdout.split("\n"), [
      "cam\toffline\t48 h\t0.0 MB\tempty",
      "live\toffline\tlive only\t0.0 MB\tempty",
      "",
    ]);
    assert.equal(await s.done("streams", "delete", "live"), "deleted live\n");
    const left = JSON.parse(await s.done("streams", "list", "--json")) as StreamView[];
    assert.deepEqual(
      left.map(({ name, retentionHours, live, bytes }) => [name, retentionHours, live, bytes]),
      [["cam", 48, false, 0]],
    );
  });
});

suite("streambank put, ls and clip", { concurrency: 3 }, () => {
  test("put FILE --create --start T: ls lists its fragments, and those of a range on either clock", async () => {
    await using s = await scene();
    const line = `${fragments} fragments received, ${fragments} persisted\n`;
    assert.equal(await s.put("--stream", "cam", "--retention-hours", "2"), line);
    const ls = async (...args: string[]) =>
      JSON.parse(await s.done("ls", "--stream", "cam", "--json", ...args)) as FragmentItem[];
    const all = await ls();
    assert.equal(all.length, fragments);
    const [first, second] = [all[0] ?? assert.fail(), all[1] ?? assert.fail()];
    assert.equal(first.producerMs, START_MS);
    // In the middle of the second: the range begins with the fragments that have an instant in it.
    const cut = second.producerMs + second.durationMs / 2;
    const until = ["--from", START.replace("Z", "+00:00"), "--to", String(second.producerMs)];
    assert.deepEqual(
      await ls("--from", String(Math.round(cut))),
      all.filter((f) => f.producerMs + f.durationMs > cut),
    );
    const text = await s.done("ls", "--stream", "cam", ...until);
    assert.equal(text, `${first.number}\t${START}\t${first.durationMs} ms\t${first.bytes} B\n`);
    const arrived = String(first.serverMs);
    const server = ["--clock", "server", "--to", String(Number(arrived) + 3_600_000)];
    assert.deepEqual(await ls(...server, "--from", arrived), all);
    assert.deepEqual(await ls(...server, "--from", String(Number(arrived) + 3_000_000)), []);
    const list = await s.done("streams", "list");
    assert.match(list, /^cam\toffline\t2 h\t\d\.\d MB\tsince 2026-11-22T14:00:00\.000Z\n$/);
  });

  test("put - reads standard input, and clip gives the same frames back", async () => {
    await using s = await scene();
    const flags = ["--stream", "cam", "--create", "--start", START, "--server", s.server.url];
    const put = await cli(["put", "-", ...flags], readFileSync(SAMPLE));
    assert.equal(put.code, 0, put.err);
    const before = ["--from", "2026-11-22", "--to", "2026-11-22T15:00:00+01:00"];
    refused(
      await s.at("clip", "--stream", "cam", ...before, "-o", s.path("none")),
      1,
      /nothing was recorded in this range of cam \[request\.no-media\]/,
    );
    const hour = ["--from", START, "--to", "2026-11-22T16:00:00+01:00"];
    await s.done("clip", "--stream", "cam", ...hour, "--format", "mkv", "-o", s.path("all"));
    assert.deepEqual(oracleFrames(readFileSync(s.path("all"))), oracleFrames(readFileSync(SAMPLE)));
    assert.deepEqual(s.files(), ["all"], "nothing half done is left");
  });

  test("clip: the format is the flag's or the name's, -o - is standard output", async () => {
    await using s = await scene();
    await s.put("--stream", "cam");
    const range = ["--stream", "cam", "--from", START, "--to", String(START_MS + 1500)];
    await s.done("clip", ...range, "--format", "mp4", "-o", s.path("flag"));
    await s.done("clip", ...range, "-o", s.path("name.mp4"));
    const mp4 = readFileSync(s.path("flag"));
    assert.equal(mp4.toString("latin1", 4, 8), "ftyp");
    assert.deepEqual(readFileSync(s.path("name.mp4")), mp4);
    await s.done("clip", ...range, "-o", s.path("part.mkv"));
    const part = readFileSync(s.path("part.mkv"));
    assert.ok(part.length < readFileSync(SAMPLE).length / 2, `${part.length} bytes of 1.5 s`);
    const args = [MAIN, "clip", ...range, "-o", "-", "--server", s.server.url];
    const { stdout } = await promisify(execFile)(process.execPath, args, { encoding: "buffer" });
    assert.deepEqual(stdout, part);
  });

  test("a stream that keeps nothing: put is fine, ls is empty, clip finds nothing", async () => {
    await using s = await scene();
    assert.equal(
      await s.put("--stream", "live", "--retention-hours", "0"),
      `${fragments} fragments received, 0 persisted: the stream is live only\n`,
    );
    assert.equal(await s.done("ls", "--stream", "live"), "");
    assert.equal(await s.done("ls", "--stream", "live", "--json"), "[]\n");
    const range = ["--from", START, "--to", String(START_MS + 60_000)];
    const clip = await s.at("clip", "--stream", "live", ...range, "-o", s.path("c.mkv"));
    refused(clip, 1, /nothing was recorded in this range of live \[request\.no-media\]/);
    assert.deepEqual(s.files(), []);
  });

  test("put of a damaged file says where and why, keeps what came before, and fails", async () => {
    await using s = await scene();
    const good = readFileSync(SAMPLE);
    writeFileSync(s.path("cut.mkv"), good.subarray(0, good.length - 2000));
    writeFileSync(s.path("junk.mkv"), good.subarray(1, 3000));
    const flags = ["--stream", "cam", "--create"];
    const cut = await s.at("put", s.path("cut.mkv"), ...flags, "--start", START);
    assert.equal(cut.code, 1);
    assert.match(cut.err, /^error 4006 INVALID_MKV_DATA: .+ at byte \d+ \[mkv\.truncated\]\n$/);
    const kept = (await s.done("ls", "--stream", "cam")).trim().split("\n").length;
    assert.equal(cut.out, `${kept} fragments received, ${kept} persisted\n`);
    // What is no Matroska cannot be paced: it goes out at once, and the server says what it is.
    const junk = await s.at("put", s.path("junk.mkv"), ...flags, "--realtime");
    assert.deepEqual([junk.code, junk.out], [1, "0 fragments received, 0 persisted\n"]);
    assert.match(junk.err, /^error 4006 .+ at byte 0 \[mkv\.not-matroska\]\n$/);
    writeFileSync(s.path("empty.mkv"), "");
    refused(await s.at("put", s.path("empty.mkv"), ...flags), 1, /empty\.mkv is empty/);
  });
});

suite("streambank inspect", { concurrency: 3 }, () => {
  const codecs: Readonly<Record<string, string>> = {
    h264: "V_MPEG4/ISO/AVC",
    aac: "A_AAC",
    vp9: "V_VP9",
    opus: "A_OPUS",
  };
  for (const kind of ["h264-aac", "vp9-opus"] as const)
    test(`counts of ${kind} what ffprobe counts`, needs("ffmpeg"), async () => {
      const path = await makeMedia(kind);
      const entries = "stream=index,codec_type,codec_name:packet=stream_index,flags";
      const args = ["-v", "error", "-show_entries", entries, "-of", "json", path];
      const probe = JSON.parse((await run("ffprobe", args)).stdout) as {
        streams: { index: number; codec_type: string; codec_name: string }[];
        packets: { stream_index: number; flags: string }[];
      };
      const { code, tracks, frames, framesPerTrack, keyframes, error, ...rest } =
        await inspected(path);
      assert.deepEqual({ code, error }, { code: 0, error: null });
      assert.deepEqual(
        tracks,
        probe.streams.map((stream) => ({
          number: stream.index + 1,
          type: stream.codec_type,
          codec: codecs[stream.codec_name],
        })),
      );
      assert.equal(frames, probe.packets.length);
      const video = probe.packets.filter((packet) => packet.stream_index === 0);
      const perTrack = { 1: video.length, 2: frames - video.length };
      assert.deepEqual(framesPerTrack, perTrack);
      assert.equal(keyframes, video.filter((packet) => packet.flags.includes("K")).length);
      assert.equal(rest.fragments, clusters(path));
    });

  test("a file that is cut, changed or no Matroska: code and offset, and what came before", async () => {
    using dir = tempDir("inspect");
    const good = readFileSync(SAMPLE);
    const path = join(dir.path, "bad.mkv");
    const check = async (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      return inspected(path);
    };
    const cut = await check(good.subarray(0, good.length - 2000));
    assert.deepEqual([cut.code, cut.error.code], [1, "mkv.truncated"]);
    assert.ok(cut.error.offset > good.length - 100_000 && cut.error.offset <= good.length - 2000);
    const whole = await inspected(SAMPLE);
    assert.ok(cut.frames > 0 && cut.frames < whole.frames);
    assert.deepEqual(cut.tracks, whole.tracks);
    assert.deepEqual((await check(good.subarray(1))).error, {
      code: "mkv.not-matroska",
      offset: 0,
    });
    const first = good.indexOf("1f43b675", 0, "hex");
    const { code, error } = await check(Buffer.from(good).fill(0, first + 4, first + 12));
    assert.equal(code, 1);
    assert.ok(Math.abs(error.offset - first) <= 12, `${error.code} at ${error.offset}, ${first}`);
    const text = await cli(["inspect", path]);
    assert.equal(text.code, 1);
    assert.ok(text.out.includes(`error ${error.code} at byte ${error.offset}\n`), text.out);
  });
});

suite("what is wrong gives one line and an exit code", { concurrency: 3 }, () => {
  const range = ["--from", "1", "--to", "2"];

  test("a wrong command line: exit code 2, and nobody is asked", async () => {
    refused(
      await cli(["ls", "--stream", "cam", "--from", "2", "--to", "1"]),
      2,
      /must begin before/,
    );
  });

  test("an unknown stream: every command says so", async () => {
    await using s = await scene();
    const says = /there is no stream nope \[stream\.not-found\]/;
    const clip = ["clip", "--stream", "nope", ...range, "-o", s.path("c.mkv")];
    for (const args of [["put", SAMPLE, "--stream", "nope"], clip, ["streams", "delete", "nope"]])
      refused(await s.at(...args), 1, says);
    refused(await s.at("tail", "--stream", "nope", "-o", s.path("t.mkv")), 1, says);
    assert.deepEqual(s.files(), [], "no empty file is left for what did not begin");
  });

  test("no server: every command names the address", async () => {
    // A port that was free a moment ago and is closed now.
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    await new Promise((resolve) => taken.close(resolve));
    const says = new RegExp(`no server answers at http://127.0.0.1:${port} \\(ECONNREFUSED\\)`);
    const at = ["--stream", "cam", "--server", `http://127.0.0.1:${port}`];
    for (const args of [["put", SAMPLE], ["tail"], ["ls"]])
      refused(await cli([...args, ...at]), 1, says);
  });

  test("files that cannot be read or written: nothing is created on the server", async () => {
    await using s = await scene();
    const missing = s.path("missing.mkv");
    refused(await s.at("put", missing, "--stream", "x", "--create"), 1, /cannot read .*ENOENT/);
    refused(await cli(["inspect", missing]), 1, /cannot read .*missing\.mkv: ENOENT/);
    assert.equal(await s.done("streams", "list"), "");
    await s.put("--stream", "cam");
    const to = ["-o", s.path("no/c.mkv")];
    const clip = ["clip", "--stream", "cam", "--from", "0", "--to", "2027-01-01", ...to];
    refused(await s.at(...clip), 1, /cannot write .*c\.mkv: ENOENT/);
    const tail = await s.at("tail", "--stream", "cam", ...to);
    assert.equal(tail.code, 1);
    assert.match(tail.err, /(^|\n)streambank: cannot write .*c\.mkv: ENOENT.* \[request\.bad\]\n$/);
    assert.equal(existsSync(s.path("no")), false);
  });
});
